"""Confidence bounds that every certificate is made of.

    mean of values in [0, 1]   KL-Chernoff: the q with n kl(mean, q) = ln(1 / alpha)
    probability                Clopper-Pearson, one-sided
    quantile q_p               X_(k) >= q_p  with probability BinomCDF(k - 1; n, p)   (k from 1)
                               X_(k) <= q_p  with probability 1 - BinomCDF(k - 1; n, p)

All are one-sided, hold for every n and every law, and are computed in float64. The quantile is
q_p = min{t: P(X <= t) >= p}, so the law may have atoms. Counting k from 0 makes the lower bound
wrong by one copy, as a public implementation has it.

Paper: Chernoff 1952; Clopper, Pearson 1934; David, Nagaraja, Order Statistics (2003), Sec. 7.1.
Deviates: Clopper-Pearson is not valid for means of values between 0 and 1, and Hoeffding's bound
    is too wide near 0 and 1, where most pixels are (D-033).
"""

from math import ceil, log

import torch
from jaxtyping import Float, Int
from scipy.stats import beta, binom
from torch import Tensor

Values = Float[Tensor, "*values"]
BISECTIONS = 44  # to 1e-13


def mean_upper(mean: Values, n: int, alpha: float) -> Values:
    """Above the expectation of values in [0, 1] with confidence 1 - alpha, each; float64.

    Args:
        mean: of n independent values, any shape. A number below the mean's true value would not
            do; one above it does, as the bound rises with it.
    """
    p = mean.double().clamp(0, 1)
    low, high = p.clone(), torch.ones_like(p)
    for _ in range(BISECTIONS):
        q = (low + high) / 2
        kl = torch.xlogy(p, p / q) + torch.xlogy(1 - p, (1 - p) / (1 - q))
        inside = n * kl <= log(1 / alpha)
        low, high = torch.where(inside, q, low), torch.where(inside, high, q)
    return high


def mean_lower(mean: Values, n: int, alpha: float) -> Values:
    """Below the expectation of values in [0, 1] with confidence 1 - alpha, each; float64."""
    return 1 - mean_upper(1 - mean.double(), n, alpha)


def rate_upper(successes: Int[Tensor, "*values"], n: int, alpha: float) -> Values:
    """Above a probability of which n trials had so many successes; float64."""
    won = successes.double().cpu().numpy()
    bound = torch.as_tensor(beta.isf(alpha, won + 1, n - won))
    return bound.nan_to_num(1.0).to(successes.device)  # only successes: 1


def upper_rank(p: float, n: int, alpha: float) -> int | None:
    """The smallest k (from 1) with P(X_(k) >= q_p) >= 1 - alpha; None if n is too small."""
    k = int(binom.isf(alpha, n, p)) + 1  # the smallest k with P(Bin(n, p) > k - 1) <= alpha
    return k if k <= n else None


def lower_rank(p: float, n: int, alpha: float) -> int | None:
    """The largest k (from 1) with P(X_(k) <= q_p) >= 1 - alpha; None if n is too small."""
    mirrored = upper_rank(1 - p, n, alpha)
    return None if mirrored is None else n + 1 - mirrored


def smallest_copies(p: float, alpha: float) -> int:
    """The n from which on `upper_rank` exists: p^n <= alpha."""
    return ceil(log(alpha) / log(p))
