"""Filters before the encoder: what each removes, its gradient, and that nothing else changes."""

import pytest
import torch

from semvet.channels import AWGN
from semvet.defenses import Jpeg, LowPass, MedianFilter, Threshold, Vantage, View
from semvet.errors import DefenseError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape, Transform

FILTERS = [Threshold(), MedianFilter(), LowPass(), Jpeg()]
named = pytest.mark.parametrize("defense", FILTERS, ids=lambda d: type(d).__name__)


def images(n=6, size=16, channels=1):
    return torch.rand(n, channels, size, size, generator=stream(0, "x"))


def through(defense, x):
    return defense.transform(x, {})


def small_link():
    with seeded(0, "system"):
        return Transceiver(JSCC(ImageShape(1, 16, 16), width=4), AWGN(), snr_db=10.0)


@named
def test_the_purified_link_is_the_link_after_the_filter(defense):
    link, x = small_link(), images()
    purified = defense.apply(
        View(Vantage.TRANSMITTER, link), rng=stream(0, "defense")
    ).link  # fmt: skip
    expected = link(through(defense, x), rng=stream(0, "channel"))
    assert torch.equal(purified(x, rng=stream(0, "channel")), expected)


@named
def test_a_filter_stays_in_range_ignores_batch_mates_and_has_a_gradient(defense):
    assert isinstance(defense.transform, Transform)
    x = images(channels=3).requires_grad_()
    y = through(defense, x)
    assert y.min() >= 0
    assert y.max() <= 1 + 1e-6
    torch.testing.assert_close(through(defense, x[2:3]), y[2:3])
    y.square().sum().backward()
    assert x.grad.abs().sum() > 0


@named
def test_a_filter_leaves_what_is_flat_as_it_is(defense):
    flat = torch.full((2, 1, 16, 16), 204 / 255)
    torch.testing.assert_close(through(defense, flat), flat, atol=0.01, rtol=0)


def test_threshold_removes_what_is_dark_and_nothing_else():
    x = torch.tensor([0, 0.1, 0.1199, 0.12, 0.5, 1.0]).view(1, 1, 1, 6)
    assert through(Threshold(level=0.12), x).flatten().tolist() == pytest.approx(
        [0, 0, 0, 0.12, 0.5, 1]
    )


def test_a_median_filter_is_the_median_of_each_square():
    x = images(2, size=7, channels=2)
    y = through(MedianFilter(size=3), x)
    for i, j in [(1, 1), (3, 4), (5, 5)]:
        square = x[:, :, i - 1 : i + 2, j - 1 : j + 2].flatten(2)
        assert torch.equal(y[:, :, i, j], square.median(dim=2).values)


@pytest.mark.parametrize(("size", "message"), [(4, "odd, such as 5"), (15, "at most 13")])
def test_a_median_filter_of_a_wrong_size_is_refused(size, message):
    with pytest.raises(DefenseError, match=message):
        through(MedianFilter(size=size), images(size=7))


def test_a_low_pass_keeps_slow_waves_and_removes_fast_ones():
    n = torch.arange(16)
    slow, fast = (0.5 + 0.4 * torch.cos(torch.pi * u * (2 * n + 1) / 32) for u in (3, 13))
    for wave, expected in ((slow, slow), (fast, torch.full((16,), 0.5))):
        x = wave.expand(1, 1, 16, 16)
        torch.testing.assert_close(through(LowPass(cutoff=0.5), x), expected.expand_as(x))
    torch.testing.assert_close(through(LowPass(cutoff=1.5), images()), images())


def test_jpeg_costs_more_at_lower_quality_and_passes_gradients_straight_through():
    x = images()
    errors = [float((through(Jpeg(quality=q), x) - x).square().mean()) for q in (95, 50, 10)]
    assert errors == sorted(errors)
    x.requires_grad_()
    through(Jpeg(quality=10), x).sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))
