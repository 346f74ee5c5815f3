"""Means, rates and their intervals: the only place where values per image become one number."""

from math import inf, log10

import torch
from scipy.stats import beta, norm
from torch import Tensor

from semvet.intervals import CONFIDENCE


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


def rate_lower_bound(successes: Tensor, trials: int, alpha: float) -> Tensor:
    """One-sided Clopper-Pearson bounds at confidence 1 - alpha, float64; 0 without success."""
    won = successes.double().cpu().numpy()
    bounds = beta.ppf(alpha, won, trials - won + 1)
    return torch.from_numpy(bounds).nan_to_num(0.0).to(successes.device)


def psnr_of_mean_mse(mse: Tensor) -> float:
    """-10 log10 of the mean squared error over images and draws, in dB; infinite without error."""
    error = mean(mse)
    return -10 * log10(error) if error else inf
