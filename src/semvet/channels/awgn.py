"""Additive white Gaussian noise: y = x + n, n ~ CN(0, N0)."""

from typing import final

import torch
from torch import Generator

from semvet.channels.base import Channel
from semvet.randomness import complex_normal
from semvet.types import Draws, PerImage, Received, Symbols
from semvet.units import Decibels, db_to_linear, noise_amplitude


@final
class AWGN(Channel):
    """The channel of both papers."""

    def draw(self, batch: int, symbols: int, *, rng: Generator) -> Draws:
        return {"n": complex_normal((batch, symbols), rng=rng)}

    def propagate(self, x: Symbols, noise: Draws, *, snr_db: Decibels) -> Symbols:
        return x + noise_amplitude(snr_db) * noise["n"]

    def equalize(self, y: Received, noise: Draws, *, snr_db: Decibels) -> Symbols:
        return y

    def capacity(self, noise: Draws, *, snr_db: Decibels) -> PerImage:
        snr = torch.ones_like(noise["n"].real[:, 0]) * db_to_linear(snr_db)
        return torch.log2(1 + snr)
