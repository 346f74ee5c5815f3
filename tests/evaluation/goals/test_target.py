import pytest
import torch

from semvet.errors import ConfigError
from semvet.evaluation.goals.target import TargetJudge, make_judge, score
from semvet.randomness import stream

TARGETS = torch.rand(3, 1, 16, 16, generator=stream(0, "targets"))


def benign_scores(n, name="benign"):
    return torch.randn(n, 3, generator=stream(0, name)) * 0.1 + torch.tensor([0.1, 0.2, 0.3])


def test_conformal_threshold_is_the_right_order_statistic():
    scores = torch.arange(1, 601).float()[:, None].expand(600, 3)
    judge = make_judge("conformal", TARGETS, scores, alpha=0.005)
    assert judge.thresholds.tolist() == [598.0] * 3  # ceil(601 * .995) = 598


def test_conformal_lets_alpha_of_fresh_benign_images_pass_whatever_the_law():
    skewed = benign_scores(100_000, "calibrate").exp().pow(3)
    fresh = benign_scores(100_000, "fresh").exp().pow(3)
    judge = make_judge("conformal", TARGETS, skewed, alpha=0.005)
    assert judge.reached(fresh).float().mean(dim=0).tolist() == pytest.approx(
        [0.005] * 3, abs=0.001
    )


def test_the_printed_rule_lets_nearly_every_benign_image_pass():  # errata S1
    judge = make_judge("mu-minus-3-sigma", TARGETS, benign_scores(1000), alpha=0.005)
    assert judge.reached(benign_scores(1000, "fresh")).float().mean() > 0.99


def test_a_level_must_come_out_as_its_own_target():  # errata S2
    judge = TargetJudge(TARGETS, torch.tensor([0.5, 0.5, 0.5]), "conformal")
    scores = torch.tensor([[0.9, 0.6, 0.1], [0.4, 0.3, 0.1]])
    assert judge.hits(scores, 1).tolist() == [True, False]
    assert judge.hits(scores, 2).tolist() == [False, False]
    assert judge.reached(scores).any(dim=1).tolist() == [True, False]


def test_receiving_a_target_is_a_hit_of_that_target_and_of_any():
    judge = TargetJudge(TARGETS, torch.full((3,), 0.9), "conformal")
    assert judge.hits(score(TARGETS, TARGETS), 2).tolist() == [False, True, False]
    assert judge.any_hit(TARGETS).all()
    assert not judge.any_hit(torch.zeros(2, 1, 16, 16)).any()


def test_too_few_images_for_alpha_is_refused_with_the_number_needed():
    with pytest.raises(ConfigError, match="at least 199 held-out images, there are 150"):
        make_judge("conformal", TARGETS, benign_scores(150), alpha=0.005)
    make_judge("conformal", TARGETS, benign_scores(199), alpha=0.005)
