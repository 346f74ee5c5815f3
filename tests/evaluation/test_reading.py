import torch

from semvet.evaluation.reading import accuracy, candidate_classes
from semvet.records import Rate


def test_images_without_a_class_do_not_count():
    said, label = torch.tensor([1, 2, 3, 0]), torch.tensor([1, 2, 0, -1])
    assert accuracy(said, label) == Rate.of(2, 3)
    assert accuracy(said, torch.full((4,), -1)) is None


def test_classes_of_another_data_set_mean_nothing():
    labels = torch.tensor([3, 1])
    assert candidate_classes(labels, known=True) == [3, 1]
    assert candidate_classes(labels, known=False) == [-1, -1]
