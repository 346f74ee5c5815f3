"""Means, rates and their intervals: the only place where values per image become one number."""

from collections.abc import Sequence
from math import inf, log10
from typing import NamedTuple

import torch
from scipy.stats import beta, norm
from scipy.stats import t as student
from torch import Tensor

CONFIDENCE = 0.95


class OverSeeds(NamedTuple):
    """A figure of several runs that differ in the seed."""

    mean: float
    interval: tuple[float, float] | None


def mean(values: Tensor) -> float:
    return float(values.double().mean())


def mean_interval(values: Tensor, *, low: float = -inf, high: float = inf) -> tuple[float, float]:
    """Normal 95 % interval of the mean of independent values, cut to what is possible.

    A point where there is only one value.
    """
    center, count = mean(values), values.numel()
    if count < 2:
        return center, center
    half = float(norm.ppf(0.5 + CONFIDENCE / 2)) * float(values.double().std()) / count**0.5
    return max(low, center - half), min(high, center + half)


def over_seeds(values: Sequence[float], *, low: float = -inf, high: float = inf) -> OverSeeds:
    """Student's 95 % interval, cut to what is possible; none for a single seed."""
    count = len(values)
    center = sum(values) / count
    if count < 2:
        return OverSeeds(center, None)
    variance = sum((value - center) ** 2 for value in values) / (count - 1)
    half = float(student.ppf(0.5 + CONFIDENCE / 2, count - 1)) * (variance / count) ** 0.5
    return OverSeeds(center, (max(low, center - half), min(high, center + half)))


def rate_interval(successes: int, trials: int) -> tuple[float, float]:
    """Clopper-Pearson at 95 %: covers the true rate with at least this confidence."""
    tail, failures = (1 - CONFIDENCE) / 2, trials - successes
    low = float(beta.ppf(tail, successes, failures + 1)) if successes else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, failures)) if failures else 1.0
    return low, high


def rate_lower_bound(successes: Tensor, trials: int, alpha: float) -> Tensor:
    """One-sided Clopper-Pearson bounds at confidence 1 - alpha, float64; 0 without success."""
    won = successes.double().cpu().numpy()
    bounds = beta.ppf(alpha, won, trials - won + 1)
    return torch.from_numpy(bounds).nan_to_num(0.0).to(successes.device)


def psnr_of_mean_mse(mse: Tensor) -> float:
    """-10 log10 of the mean squared error over images and draws, in dB; infinite without error."""
    error = mean(mse)
    return -10 * log10(error) if error else inf
