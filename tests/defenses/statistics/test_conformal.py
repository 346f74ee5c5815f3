import pytest
import torch

from semvet.defenses.statistics.conformal import conformal_threshold
from semvet.errors import DefenseError
from semvet.randomness import permutation, stream


def test_the_threshold_is_an_order_statistic_of_the_own_scores():
    own = permutation(199, rng=stream(0, "scores")).float() + 1  # 1..199
    assert conformal_threshold(own, 0.01) == 198  # ceil(200 * .99)
    assert conformal_threshold(own, 0.1) == 180


def test_new_scores_exceed_it_as_often_as_was_asked():
    drawn = torch.rand(2000, 100, generator=stream(0, "scores"))
    above = [float(row[-1]) > conformal_threshold(row[:-1], 0.05) for row in drawn]
    assert sum(above) / len(above) == pytest.approx(0.05, abs=0.015)


def test_too_few_own_images_are_refused_with_a_way_out():
    with pytest.raises(DefenseError, match=r"at least 99 own images, there are 98; .* 0\.0101 or"):
        conformal_threshold(torch.zeros(98), 0.01)
