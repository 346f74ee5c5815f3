import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from semvet.randomness import stream
from semvet.systems.objectives.info_nce import info_nce


def features(batch=6, size=5, name="a"):
    return torch.randn(batch, size, generator=stream(0, name))


def by_loops(a, b, temperature):
    total = 0.0
    for first, second in ((a, b), (b, a)):
        for i in range(len(first)):
            scores = [
                np.dot(first[i], other) / np.linalg.norm(first[i]) / np.linalg.norm(other)
                for other in second
            ]
            scores = np.array(scores) / temperature
            total -= scores[i] - math.log(sum(math.exp(s) for s in scores))
    return total / (2 * len(a))


@pytest.mark.parametrize("temperature", [0.07, 0.5, 3.0])
def test_it_is_the_formula_written_out_in_loops(temperature):
    a, b = features(), features(name="b")
    expected = by_loops(a.double().numpy(), b.double().numpy(), temperature)
    assert float(info_nce(a, b, temperature=temperature)) == pytest.approx(expected, rel=1e-5)


def test_it_is_the_cross_entropy_of_classifying_each_row_as_its_own():
    a, b = features(), features(name="b")
    rows = []
    for first, second in ((a, b), (b, a)):
        for i, row in enumerate(first):
            logits = torch.cosine_similarity(row[None], second) / 0.5
            rows.append(cross_entropy(logits[None], torch.tensor([i])))
    torch.testing.assert_close(info_nce(a, b, temperature=0.5), torch.stack(rows).mean())


def test_it_is_0_for_pairs_that_are_told_apart_and_log_of_the_batch_for_features_that_are_alike():
    one_hot = torch.eye(8)
    assert float(info_nce(one_hot, 3 * one_hot, temperature=0.01)) == pytest.approx(0, abs=1e-6)
    assert float(info_nce(torch.ones(8, 4), one_hot[:, :4] + 1, temperature=100.0)) == (
        pytest.approx(math.log(8), rel=1e-3)
    )


def test_it_is_symmetric_and_blind_to_the_features_lengths():
    a, b = features(), features(name="b")
    value = info_nce(a, b, temperature=0.5)
    torch.testing.assert_close(info_nce(b, a, temperature=0.5), value)
    torch.testing.assert_close(info_nce(7 * a, b / 3, temperature=0.5), value)


def test_both_branches_get_gradients():
    a, b = features().requires_grad_(), features(name="b").requires_grad_()
    info_nce(a, b, temperature=0.5).backward()
    for branch in (a, b):
        assert (branch.grad.abs().sum(dim=1) > 0).all()


def test_autocast_does_not_round_it():
    a, b = features(), features(name="b")
    exact = info_nce(a, b, temperature=0.05)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(info_nce(a, b, temperature=0.05), exact)
