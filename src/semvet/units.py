"""Decibels in, linear out. The only place where a dB value is converted."""

import math
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor

Decibels = float | Float[Tensor, ""]  # a scalar tensor where it is drawn anew in every step
Level = TypeVar("Level", float, Tensor, float | Tensor)


def db_to_linear(x_db: Level) -> Level:
    return 10.0 ** (x_db / 10.0)


def linear_to_db(x: float) -> float:
    """Minus infinity for 0."""
    return 10.0 * math.log10(x) if x > 0 else -math.inf


def noise_power(snr_db: Level) -> Level:
    """N0 per complex symbol, for unit mean signal power; half of it in each real dimension."""
    return db_to_linear(-snr_db)


def noise_amplitude(snr_db: Level) -> Level:
    """sqrt(N0)."""
    return noise_power(snr_db) ** 0.5
