"""Intervals of rates and of figures over seeds, from plain numbers; tensors are for `metrics`.

scipy.stats takes a second to import, and reading a record needs none of it.
"""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

CONFIDENCE = 0.95


class OverSeeds(NamedTuple):
    """A figure of several runs that differ in the seed."""

    mean: float
    interval: tuple[float, float] | None


def over_seeds(values: Sequence[float], *, low: float = -inf, high: float = inf) -> OverSeeds:
    """Student's 95 % interval, cut to what is possible; none for a single seed."""
    count = len(values)
    center = sum(values) / count
    if count < 2:
        return OverSeeds(center, None)
    from scipy.stats import t as student

    variance = sum((value - center) ** 2 for value in values) / (count - 1)
    half = float(student.ppf(0.5 + CONFIDENCE / 2, count - 1)) * (variance / count) ** 0.5
    return OverSeeds(center, (max(low, center - half), min(high, center + half)))


def rate_interval(successes: int, trials: int) -> tuple[float, float]:
    """Clopper-Pearson at 95 %: covers the true rate with at least this confidence."""
    from scipy.stats import beta

    tail, failures = (1 - CONFIDENCE) / 2, trials - successes
    low = float(beta.ppf(tail, successes, failures + 1)) if successes else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, failures)) if failures else 1.0
    return low, high
