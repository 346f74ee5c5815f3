"""Flat block fading with one antenna at each end: what every law of the gain h has in common.

    y = h x + n,                          n ~ CN(0, N0)
    x_hat = y / h                         "zf", zero forcing: unbiased
    x_hat = h* y / (|h|^2 + N0)           "mmse": least mean square error, biased towards 0
    x_hat = y                             csi "none": the receiver does not know h

    noise["h"]: (batch, 1), one gain per image, unit mean power
    noise["n"]: (batch, symbols), unit power; N0 = 10^(-snr_db / 10)

A deep fade (|h| near 0) lets zero forcing amplify the noise without bound: under Rayleigh fading
the mean square error of x_hat is infinite, so compare medians over images, not means. "mmse"
stays finite and outputs almost nothing instead.
"""

from typing import Literal

import torch
from torch import Generator

from semvet.randomness import complex_normal
from semvet.types import Draws, PerImage, Received, Symbols
from semvet.units import Decibels, db_to_linear, noise_amplitude, noise_power

Csi = Literal["none", "perfect"]  # channel state information: does the receiver know h?
Equalizer = Literal["mmse", "zf"]


def draw_scattered(batch: int, symbols: int, *, rng: Generator) -> Draws:
    """h ~ CN(0, 1) once per image and n ~ CN(0, 1) once per symbol."""
    return {
        "h": complex_normal((batch, 1), rng=rng),
        "n": complex_normal((batch, symbols), rng=rng),
    }


def propagate(x: Symbols, noise: Draws, *, snr_db: Decibels) -> Symbols:
    return noise["h"] * x + noise_amplitude(snr_db) * noise["n"]


def equalize(
    y: Received, noise: Draws, *, snr_db: Decibels, csi: Csi, equalizer: Equalizer
) -> Symbols:
    h = noise["h"]
    if csi == "none":
        return y
    if equalizer == "zf":
        return y / h
    return h.conj() * y / (h.abs().square() + noise_power(snr_db))


def capacity(noise: Draws, *, snr_db: Decibels, csi: Csi) -> PerImage:
    gain = noise["h"][:, 0].abs().square()
    return torch.log2(1 + (gain if csi == "perfect" else 1 + 0 * gain) * db_to_linear(snr_db))
