"""Additive white Gaussian noise: y = x + n, n ~ CN(0, N0)."""

from math import sqrt
from typing import final

from torch import Generator

from semvet.channels.base import Channel
from semvet.randomness import complex_normal
from semvet.types import Noise, Received, Symbols
from semvet.units import noise_power


@final
class AWGN(Channel):
    """The channel of both papers."""

    def draw(self, batch: int, symbols: int, *, rng: Generator) -> Noise:
        return {"n": complex_normal((batch, symbols), rng=rng)}

    def propagate(self, x: Symbols, noise: Noise, *, snr_db: float) -> Symbols:
        return x + sqrt(noise_power(snr_db)) * noise["n"]

    def equalize(self, y: Received, noise: Noise, *, snr_db: float) -> Symbols:
        return y
