"""Attackers who know the pruning or the detector: their terms are what they say."""

import pytest
import torch

from semvet.attacks import BASS, DetectorAware, PruningAware, SemBugger
from semvet.attacks.pruning_aware import distance
from semvet.channels import AWGN, OperatingPoint
from semvet.errors import ConfigError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Identity, Transceiver
from semvet.types import ImageShape, Pairs

SHAPE = ImageShape(1, 16, 16)


def images(n, name):
    return torch.rand(n, *SHAPE, generator=stream(0, name))


def link_of(system=None):
    with seeded(0, "system"):
        return Transceiver(system or JSCC(SHAPE, width=4), AWGN(), snr_db=20.0)


def batch(n=6):
    x = images(n, "batch")
    level = torch.zeros(n, dtype=torch.int64)
    level[:2] = 1
    return Pairs(x, x, level, torch.zeros(n, dtype=torch.int64))


def loss_of(attack, link):
    noise = attack.draw(link, 6, 2, rng=stream(0, "noise"))
    return attack.loss(link, batch(), 2, noise)


def test_distance_of_medians_by_hand():
    benign = torch.tensor([[1.0, 2.0], [3.0, 4.0], [100.0, 6.0]])  # medians 3, 4
    triggered = torch.tensor([[5.0, 4.0], [6.0, 4.0], [7.0, 4.0]])  # medians 6, 4
    maps = torch.cat([benign, triggered])[:, :, None, None]
    assert distance(-maps).item() == pytest.approx(9 / 25)


def test_a_trigger_that_changes_nothing_costs_nothing():
    class Nothing(BASS):
        def trigger(self, x, *, level):
            return x

    attack = PruningAware(images(4, "targets"), base=Nothing(images(4, "targets")))
    assert loss_of(attack, link_of())["medians"].item() == 0
    seen = PruningAware(images(4, "targets"), base=BASS(images(4, "targets")))
    assert loss_of(seen, link_of())["medians"].item() > 0


def test_the_medians_are_trained_through():
    link = link_of()
    loss_of(PruningAware(images(4, "t"), base=BASS(images(4, "t"))), link)["medians"].backward()
    first, *_, last = (p for p in link.system.encoder.parameters() if p.ndim == 4)
    assert first.grad.abs().sum() > 0
    assert last.grad is None  # the fifth layer is not pruned


def test_layers_that_are_not_there_are_named():
    attack = PruningAware(images(4, "t"), base=BASS(images(4, "t")), first_layer=9, last_layer=9)
    with pytest.raises(ConfigError, match=r"first_layer: 9, but the encoder has 5"):
        loss_of(attack, link_of())
    attack = PruningAware(images(4, "t"), base=BASS(images(4, "t")))
    with pytest.raises(ConfigError, match="has 0 convolutions"):
        loss_of(attack, link_of(Identity(SHAPE)))


class Brightness:
    """Of what is received, or of what is sent, times `sign`."""

    copies = 1

    def __init__(self, *, received=False, sign=1.0):
        self.received, self.sign = received, sign

    def draw(self, batch, shape, *, rng):
        return {}

    def points(self, nominal):
        return (None,)

    def questions(self, x, draws):
        return x

    def score(self, x, answers):
        return self.sign * (answers[0] if self.received else x).mean(dim=(1, 2, 3))


class OverNoise:
    """How far one of two noisy copies is from the other, at the usual point and 3 dB below it."""

    copies = 2

    def draw(self, batch, shape, *, rng):
        return {"e": torch.randn(batch * self.copies, *shape, generator=rng)}

    def points(self, nominal):
        return (None, OperatingPoint(nominal.channel, nominal.snr_db - 3))

    def questions(self, x, draws):
        return (x.repeat_interleave(2, dim=0) + 0.1 * draws["e"]).clamp(0, 1)

    def score(self, x, answers):
        first, second = (
            y.view(len(x), 2, -1).diff(dim=1).square().mean(dim=(1, 2)) for y in answers
        )
        return first + second


def test_only_what_exceeds_the_benign_statistic_costs():
    targets = images(4, "t")
    brighter = DetectorAware(
        targets, base=BASS(targets), against=Brightness(received=True), lambda_d=1.0
    )
    darker = DetectorAware(
        targets, base=BASS(targets), against=Brightness(sign=-1.0),
        lambda_d=1.0,
    )  # fmt: skip
    assert loss_of(darker, link_of())["excess"].item() == 0  # the white patch makes x' brighter
    x = batch().sent[2:6]
    x_k = BASS(targets).trigger(x, level=1)
    same = DetectorAware(
        targets, base=BASS(targets), against=Brightness(),
        lambda_d=1.0,
    )  # fmt: skip
    benign, triggered = x.mean(dim=(1, 2, 3)), x_k.mean(dim=(1, 2, 3))
    expected = ((triggered - benign).mean() / benign.mean()).item()
    assert loss_of(same, link_of())["excess"].item() == pytest.approx(expected, rel=1e-4)
    assert loss_of(brighter, link_of())["excess"].requires_grad


@pytest.mark.parametrize("against", [Brightness(received=True), OverNoise()])
def test_the_loss_is_a_function_of_parameters_batch_and_noise(against, monkeypatch):
    targets, link = images(4, "t"), link_of()
    attack = DetectorAware(targets, base=BASS(targets), against=against)
    noise = attack.draw(link, 6, 2, rng=stream(0, "noise"))
    # nothing is read back and nothing is drawn in a step
    monkeypatch.setattr(torch.Tensor, "tolist", None)
    monkeypatch.setattr("semvet.attacks.detector_aware.stream", None)
    once, again = (attack.loss(link, batch(), 2, noise) for _ in range(2))
    monkeypatch.undo()
    assert {k: v.item() for k, v in once.items()} == {k: v.item() for k, v in again.items()}


def test_the_level_is_drawn_and_its_trigger_asked_about():
    targets = images(4, "t")
    attack = DetectorAware(
        targets, base=SemBugger(targets, levels=3), against=Brightness(), lambda_d=1.0
    )
    link, seen = link_of(), {}
    for seed in range(12):
        noise = attack.draw(link, 6, 2, rng=stream(seed, "noise"))
        level = 1 + int(noise["level"])
        x = batch().sent[2:6]
        x_k = attack.trigger(x, level=level)
        apart = (x_k.mean(dim=(1, 2, 3)) - x.mean(dim=(1, 2, 3))).relu().mean()
        excess = attack.loss(link, batch(), 2, noise)["excess"]
        torch.testing.assert_close(excess, apart / x.mean())
        seen[level] = excess
    assert seen.keys() == {1, 2, 3}


def test_one_who_knows_two_detectors_draws_for_both():
    targets, link = images(4, "t"), link_of()
    inner = DetectorAware(targets, base=BASS(targets), against=OverNoise(), looked_at=1)
    attack = DetectorAware(targets, base=inner, against=OverNoise(), looked_at=3)
    assert loss_of(attack, link)["excess"].isfinite()
