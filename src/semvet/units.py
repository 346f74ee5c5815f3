"""Decibels in, linear out. The only place where a dB value is converted."""

import math


def db_to_linear(x_db: float) -> float:
    return 10.0 ** (x_db / 10.0)


def linear_to_db(x: float) -> float:
    """Minus infinity for 0."""
    return 10.0 * math.log10(x) if x > 0 else -math.inf


def noise_power(snr_db: float) -> float:
    """N0 per complex symbol, for unit mean signal power; half of it in each real dimension."""
    return db_to_linear(-snr_db)
