"""The receiver's oscillator is off by a random angle for each image; the receiver is told it.

y = exp(j phi) x + n,   phi ~ N(0, sigma^2)
"""

from typing import Annotated, final

import torch
from annotated_types import Ge

from semvet.channels import Channel
from semvet.randomness import complex_normal
from semvet.units import db_to_linear, noise_amplitude


@final
class PhaseNoise(Channel):
    lasting = ("phi",)

    def __init__(self, *, sigma: Annotated[float, Ge(0)] = 0.3):
        self.sigma = sigma

    def draw(self, batch, symbols, *, rng):
        phi = self.sigma * torch.randn(batch, 1, generator=rng, device=rng.device)
        return {"phi": phi, "n": complex_normal((batch, symbols), rng=rng)}

    def propagate(self, x, noise, *, snr_db):
        return torch.exp(1j * noise["phi"]) * x + noise_amplitude(snr_db) * noise["n"]

    def equalize(self, y, noise, *, snr_db):
        return torch.exp(-1j * noise["phi"]) * y

    def capacity(self, noise, *, snr_db):
        return torch.log2(1 + torch.ones_like(noise["phi"][:, 0]) * db_to_linear(snr_db))
