"""Each promise of a channel is one that can be broken, and then it says so."""

import pytest
import torch

from semvet.channels import AWGN, Rayleigh
from semvet.randomness import complex_normal
from semvet.testing import check_channel


class Shorter(AWGN):
    def equalize(self, y, noise, *, snr_db):
        return y[:, 1:]


class DrawsLate(AWGN):
    def propagate(self, x, noise, *, snr_db):
        return x + 0.1 * torch.randn_like(x)


class Constant(AWGN):
    def draw(self, batch, symbols, *, rng):
        return {"n": torch.ones(batch, symbols) + 0j}


class InPlace(AWGN):
    def propagate(self, x, noise, *, snr_db):
        return super().propagate(x.mul_(0.9), noise, snr_db=snr_db)


class Quantized(AWGN):
    def propagate(self, x, noise, *, snr_db):
        return super().propagate(x.detach(), noise, snr_db=snr_db)


class Amplified(AWGN):
    def propagate(self, x, noise, *, snr_db):
        return super().propagate(x * x.abs(), noise, snr_db=snr_db)


class Normalizing(AWGN):
    def equalize(self, y, noise, *, snr_db):
        return y / y.abs().square().mean().sqrt()


class HalfPower(AWGN):
    def propagate(self, x, noise, *, snr_db):
        return super().propagate(0.5 * x, noise, snr_db=snr_db)


class OneFigure(AWGN):
    def capacity(self, noise, *, snr_db):
        return super().capacity(noise, snr_db=snr_db)[:1]


class Forgetful(Rayleigh):
    def draw_again(self, noise, symbols, *, rng):
        return self.draw(len(noise["n"]), symbols, rng=rng)


class Echo(AWGN):
    def draw_again(self, noise, symbols, *, rng):
        fresh = complex_normal((len(noise["n"]), symbols), rng=rng)
        fresh[:, :1] = noise["n"][:, :1]
        return {"n": fresh}


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        (Shorter, "as many complex symbols as were sent: "),
        (DrawsLate, "draws from torch's global stream"),
        (Constant, "another stream gives the same output"),
        (InPlace, "nothing is changed in place: the symbols are changed in place"),
        (Quantized, "finite gradients reach every symbol"),
        (Amplified, "propagation is affine in the symbols"),
        (Normalizing, "an image ignores its batch mates"),
        (HalfPower, r"the snr .*: asked for 10 dB, found (3.9|4.0)\d dB"),
        (OneFigure, r"capacity is one finite figure per image"),
        (Forgetful, "another use keeps the fading .*: 'h' does not last"),
        (Echo, "'n' of the second use is that of the first"),
    ],
)
def test_a_broken_promise_is_named(channel, words):
    with pytest.raises(AssertionError, match=f"{channel.__name__}: broken promise: .*{words}"):
        check_channel(channel)
