"""What every detector promises, on a link with a backdoor that is known."""

import pytest
import torch
from constructed_links import SHAPE, Linear, backdoored, triggered

from semvet.defenses import DEFENSES, View
from semvet.defenses.statistics.asking import score_of
from semvet.defenses.strip import Sameness
from semvet.errors import DefenseError
from semvet.randomness import stream

DETECTORS = {
    "output-covariance": {"copies": 8},
    "self-loop": {},
    "strip": {"overlays": 8},
    "snr-consistency": {},
}
detectors = pytest.mark.parametrize("name", DETECTORS)


def images(count, purpose="own"):
    """Grey, and never as white as the trigger."""
    return 0.8 * torch.rand(count, *SHAPE, generator=stream(0, purpose))


def made(name, **more):
    return DEFENSES[name](**DETECTORS[name], **more)


def applied(name, link=None, own=None):
    defense = made(name)
    own = images(300) if own is None else own
    return defense.apply(
        View(defense.vantage, link or backdoored(), images=own), rng=stream(0, "defense")
    )


def statistic_of(name):
    return made(name).statistic or Sameness(images(8, "overlays"))


@detectors
def test_a_detector_leaves_the_link_as_it_is_and_sends_nothing(name):
    link = backdoored()
    defended = applied(name, link)
    assert defended.link is link
    assert defended.channel_uses_factor == 1


@detectors
def test_own_images_set_the_threshold_for_benign_ones(name):
    detection = applied(name).detection
    scores = detection.score(images(500, "benign"), stream(0, "score"))
    assert scores.shape == (500,)
    assert float((scores > detection.threshold).float().mean()) <= 0.03


@detectors
def test_the_same_seed_gives_the_same_scores_and_threshold(name):
    x = images(5, "benign")
    one, other = (applied(name).detection for _ in range(2))
    assert one.threshold == other.threshold
    assert torch.equal(one.score(x, stream(0, "s")), other.score(x, stream(0, "s")))


@detectors
def test_a_score_ignores_batch_mates(name):
    statistic, x = statistic_of(name), images(4, "benign")
    among_others = torch.cat([x[:1], triggered(x[1:])])
    one, other = (
        score_of(statistic, backdoored(), b, rng=stream(0, "s")) for b in (x, among_others)
    )
    assert one[0].item() == pytest.approx(other[0].item(), rel=1e-5)


@detectors
def test_a_statistic_has_a_gradient_for_attackers(name):
    link, x = backdoored(), images(3, "benign").requires_grad_()
    score_of(statistic_of(name), link, x, rng=stream(0, "s")).sum().backward()
    for gradient in (x.grad, link.system.gain.grad):
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0


@pytest.mark.parametrize("name", ["self-loop", "strip", "snr-consistency"])
def test_a_target_that_comes_out_whatever_is_sent_is_found(name):
    detection = applied(name).detection
    scores = detection.score(triggered(images(100, "benign")), stream(0, "s"))
    assert (scores > detection.threshold).all()


def test_poisoned_own_images_blind_a_detector():
    own = images(300)
    own[:15] = triggered(own[:15])  # 5 %, more than the 1 % of false positives
    detection = applied("self-loop", own=own).detection
    scores = detection.score(triggered(images(100, "benign")), stream(0, "s"))
    assert float((scores > detection.threshold).float().mean()) < 0.5


def test_snr_consistency_needs_the_channel():
    with pytest.raises(DefenseError, match="the link does not say what channel"):
        applied("snr-consistency", Linear(torch.eye(64)))


def test_strip_needs_images_beside_its_overlays():
    with pytest.raises(DefenseError, match="at least 99 own images, there are 92"):
        applied("strip", own=images(100))
