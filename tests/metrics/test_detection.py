"""Scores of detectors against counts by hand."""

import torch

from semvet.metrics.detection import auroc, f1, recall

BENIGN = torch.arange(100.0)


def test_auroc_counts_pairs():
    assert auroc(BENIGN, torch.tensor([1000.0])) == 1
    assert auroc(BENIGN, torch.tensor([-1.0])) == 0
    assert auroc(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 2.5])) == (1.5 + 2) / 6


def test_recall_is_at_a_threshold_that_one_benign_image_in_a_hundred_exceeds():
    assert recall(BENIGN, torch.tensor([98.0, 98.5, 200.0])) == 2 / 3
    assert recall(torch.zeros(100), torch.zeros(5)) == 0  # ties are not above


def test_f1_by_hand():
    flagged = torch.tensor([True, True, False, False])
    truth = torch.tensor([True, False, True, False])
    assert f1(flagged, truth) == 0.5
    assert f1(torch.zeros(4, dtype=torch.bool), truth) == 0
