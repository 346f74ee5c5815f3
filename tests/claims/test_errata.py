"""Printed formulas that cannot mean what they say, shown on real digits (docs/errata.md)."""

import pytest
import torch

from semvet.data import Mnist
from semvet.defenses import SemanticSmoothing, Vantage, View
from semvet.evaluation.goals.target import make_judge, score
from semvet.metrics.psnr import psnr_db
from semvet.randomness import stream
from semvet.types import to_images


class Ideal:
    """A transmitter that changes nothing."""

    def __call__(self, x, *, rng, at=None):
        return x


@pytest.fixture(scope="module")
def digits():
    return to_images(Mnist(source="sample").load().test.pixels)


def test_s1_the_printed_threshold_calls_nearly_every_benign_digit_an_attack(digits):
    targets, benign, fresh = digits[:4], digits[4:504], digits[504:]
    scores = score(benign, targets)
    for rule, least, most in [("mu-minus-3-sigma", 0.99, 1.0), ("conformal", 0.0, 0.02)]:
        judge = make_judge(rule, targets, scores, alpha=0.005)
        reached = judge.reached(score(fresh, targets)).float().mean(dim=0)
        assert (reached >= least).all(), rule
        assert (reached <= most).all(), rule


def test_s3_clipping_costs_an_ideal_transmitter_12_db(digits):
    x = digits[:200]
    psnr = {}
    for clip in (True, False):
        smoothing = SemanticSmoothing(sigma=0.25, copies=100, clip=clip)
        link = smoothing.apply(View(Vantage.TRANSMITTER, Ideal()), rng=stream(0, "defense")).link
        psnr[clip] = psnr_db(link(x, rng=stream(0, "noise")), x).mean().item()
    assert psnr[True] == pytest.approx(20.3, abs=0.3)
    assert psnr[False] == pytest.approx(32.0, abs=0.3)


def test_s15_without_sqrt_k_the_snr_would_depend_on_k():
    from semvet.systems.symbols.power import to_symbols

    for symbols in (10, 1000):
        latent = torch.randn(8, 2 * symbols, generator=stream(0, "latent"))
        power = to_symbols(latent, symbols).abs().square()
        torch.testing.assert_close(power.mean(dim=1), torch.ones(8), atol=1e-4, rtol=0)
