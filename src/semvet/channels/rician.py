"""Rician block fading: a line of sight and scattered paths.

    y = h x + n,    h = sqrt(K / (K+1)) + sqrt(1 / (K+1)) g,
    g ~ CN(0, 1) once per image,   n ~ CN(0, N0)

h has unit mean power for every K, so `snr_db` is the average Es/N0. K -> 0 is Rayleigh, K -> inf
is AWGN. What the receiver makes of y: semvet/channels/fading.py.

Paper: SemBugger Eq. (1), c' = H X + N, with H = h.
Deviates: the papers name neither a law of H nor an equalizer; K = 6 dB, perfect channel knowledge
    and the equalizer of least mean square error are our defaults. The direct path has phase 0.
"""

from math import sqrt
from typing import Annotated, final

from annotated_types import Ge, Le
from torch import Generator

from semvet.channels.base import Channel
from semvet.channels.propagation import fading
from semvet.channels.propagation.fading import Csi, Equalizer
from semvet.types import Draws, PerImage, Received, Symbols
from semvet.units import Decibels, db_to_linear


@final
class Rician(Channel):
    """Line of sight plus scatter, mixed by the K-factor.

    Args:
        k_db: power of the line of sight over that of all scattered paths, in dB.
        csi: "perfect", the receiver knows h and equalizes; "none", the decoder gets y as it is.
        equalizer: with perfect knowledge, "mmse" (biased) or "zf" (unbiased, unbounded noise).
    """

    lasting = ("h",)

    def __init__(
        self,
        *,
        k_db: Annotated[float, Ge(-20), Le(60)] = 6.0,
        csi: Csi = "perfect",
        equalizer: Equalizer = "mmse",
    ):
        self.k_db = k_db
        self.csi: Csi = csi
        self.equalizer: Equalizer = equalizer

    def draw(self, batch: int, symbols: int, *, rng: Generator) -> Draws:
        K = db_to_linear(self.k_db)
        noise = fading.draw_scattered(batch, symbols, rng=rng)
        g = noise["h"]
        return {**noise, "h": sqrt(K / (K + 1)) + sqrt(1 / (K + 1)) * g}

    def propagate(self, x: Symbols, noise: Draws, *, snr_db: Decibels) -> Symbols:
        return fading.propagate(x, noise, snr_db=snr_db)

    def equalize(self, y: Received, noise: Draws, *, snr_db: Decibels) -> Symbols:
        return fading.equalize(y, noise, snr_db=snr_db, csi=self.csi, equalizer=self.equalizer)

    def capacity(self, noise: Draws, *, snr_db: Decibels) -> PerImage:
        return fading.capacity(noise, snr_db=snr_db, csi=self.csi)
