"""Rayleigh block fading: y = h x + n, h ~ CN(0, 1) once per image, n ~ CN(0, N0).

No line of sight: many scattered paths add up. `snr_db` is the average Es/N0; that of one image is
|h|^2 times as much. What the receiver makes of y: semvet/channels/fading.py.

Paper: SemBugger Eq. (1), c' = H X + N, with H = h.
Deviates: the papers name neither a law of H nor an equalizer; perfect channel knowledge and the
    equalizer of least mean square error are our defaults.
"""

from typing import final

from torch import Generator

from semvet.channels.base import Channel
from semvet.channels.propagation import fading
from semvet.channels.propagation.fading import Csi, Equalizer
from semvet.types import Draws, PerImage, Received, Symbols
from semvet.units import Decibels


@final
class Rayleigh(Channel):
    """Scattered paths only.

    Args:
        csi: "perfect", the receiver knows h and equalizes; "none", the decoder gets y as it is.
        equalizer: with perfect knowledge, "mmse" (biased) or "zf" (unbiased, unbounded noise).
    """

    lasting = ("h",)

    def __init__(self, *, csi: Csi = "perfect", equalizer: Equalizer = "mmse"):
        self.csi: Csi = csi
        self.equalizer: Equalizer = equalizer

    def draw(self, batch: int, symbols: int, *, rng: Generator) -> Draws:
        return fading.draw_scattered(batch, symbols, rng=rng)

    def propagate(self, x: Symbols, noise: Draws, *, snr_db: Decibels) -> Symbols:
        return fading.propagate(x, noise, snr_db=snr_db)

    def equalize(self, y: Received, noise: Draws, *, snr_db: Decibels) -> Symbols:
        return fading.equalize(y, noise, snr_db=snr_db, csi=self.csi, equalizer=self.equalizer)

    def capacity(self, noise: Draws, *, snr_db: Decibels) -> PerImage:
        return fading.capacity(noise, snr_db=snr_db, csi=self.csi)
