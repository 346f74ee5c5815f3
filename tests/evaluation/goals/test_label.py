import pytest
import torch

from semvet.attacks import SCTrojanLabel
from semvet.both import Both
from semvet.evaluation.goals.base import Heard
from semvet.evaluation.goals.label import LabelAim, LabelJudge

TARGETS = torch.rand(4, 1, 16, 16)


def by_brightness(x):
    """Class 0 for dark images, class 1 for bright ones."""
    bright = x.mean(dim=(1, 2, 3))
    return torch.stack([1 - bright, bright], dim=1)


def test_a_hit_is_the_target_class_by_any_margin():
    judge = LabelJudge(by_brightness, 1, TARGETS)
    x = torch.tensor([0.2, 0.8])[:, None, None, None].expand(2, 1, 4, 4)
    assert judge.scores(x)[:, 0].tolist() == pytest.approx([-0.6, 0.6])
    assert judge.hits(judge.scores(x), 1).tolist() == [False, True]


def test_a_success_is_named_as_the_target_class_whatever_the_candidates_are():
    aim = LabelAim(SCTrojanLabel(TARGETS, target_class=2))
    assert aim.wanted_class(1, [7, 7, 7, 7]) == 2
    assert aim.targets is None


def test_its_details_are_the_receivers_own_accuracy():
    aim = LabelAim(SCTrojanLabel(TARGETS))
    x = torch.tensor([0.2, 0.8, 0.9])[:, None, None, None].expand(3, 1, 4, 4)
    label = torch.tensor([0, 0, -1])  # the last one has no class

    def heard(target):
        return Heard(LabelJudge(by_brightness, target, TARGETS), x, label, [x])

    table = aim.details(Both(clean=heard(1), attacked=heard(1)))
    assert table.column("system").values == ("attacked", "clean")
    assert table.column("accuracy").values == (0.5, 0.5)
    assert table.column("n").values == (2.0, 2.0)
