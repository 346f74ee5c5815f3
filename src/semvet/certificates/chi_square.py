"""The mean S(x) as a whole picture, from the spread of single copies.

    (1/d) |S(x') - S(x)|^2 <= (tr C / d) (e^(a^2) - 1)             trace
    (1/d) |S(x') - S(x)|^2 <= (lambda_max(C) / d) (e^(a^2) - 1)    spectral
    C = Cov F at x,   e^(a^2) - 1 = chi^2(N(x', sigma^2), N(x, sigma^2)),   a = r / sigma

For a unit v, (v.(S' - S))^2 = (E[v.(F - S) (dQ/dP - 1)])^2 <= v'Cv chi^2 by Cauchy-Schwarz; the
supremum over v is the spectral bound, the sum over an orthonormal basis the trace. For a linear f
the spectral bound is exact to first order in a.

Confidence, without the dimension: D_j = (F_j - F_j') / sqrt 2 from independent pairs has
E D D' = C and |D|^2 <= d / 2. With a level B that other copies have chosen,

    u.C.u  <= E[(u.D)^2; |D|^2 <= B] + (d / 2) P(|D|^2 > B)      u: the top eigenvector of C
           <= B KL+(lambda_hat / B) + (d / 2) CP+(share above B)
    tr C   <= B KL+(mean of |D|^2 1{|D|^2 <= B} / B) + (d / 2) CP+(share above B)

where lambda_hat, the top eigenvalue of the mean of D D' 1{|D|^2 <= B}, is at least the mean of
(u.D)^2. The last term is what few copies cost: about (d / 2) ln(1 / alpha) / pairs.

    RMSE(average of n copies, S) <= (t/3 + sqrt(t^2/9 + 2 n v t)) / n
    v = tr C / d,   t = ln(2 / alpha)

Paper: chi^2 after Hammersley 1950, Chapman and Robbins 1951, and Dvijotham et al. 2020; the last
    line Pinelis and Sakhanenko 1985 (the Bernstein inequality of Hilbert spaces).
Deviates: nobody that we know has published it for pictures. KL-Chernoff instead of Bernstein's
    inequality, which it implies, in both bounds (D-033).
"""

from math import expm1, log, sqrt
from typing import final

import torch
from torch import Tensor

from semvet.certificates.bounds import mean_upper, rate_upper
from semvet.types import Images

HEADROOM = 2.0  # B is the largest |D|^2 among the copies that choose it, times this
LARGEST_A2 = 50.0  # e^(a^2) beyond it is as good as infinite


@final
class Spread:
    """Second moments of pairs, in memory that does not grow with their number.

    Args:
        first: independent copies that choose the level B; at least two.
        spectral: keep the d x d matrix, not only its trace.
    """

    def __init__(self, first: Images, *, spectral: bool):
        d = first[0].numel()
        self.pixels, self.pairs = d, 0
        self.level = min(HEADROOM * float(_pairs(first).square().sum(dim=1).max()), d / 2)
        self.level = max(self.level, torch.finfo(torch.float32).tiny)  # copies that are all alike
        self.above = first.new_zeros((), dtype=torch.int64)
        self.trace = first.new_zeros((), dtype=torch.float64)
        self.matrix = first.new_zeros(d, d) if spectral else None

    def add(self, y: Images) -> None:
        difference = _pairs(y)
        norm = difference.square().sum(dim=1)
        kept = norm <= self.level
        self.pairs += len(norm)
        self.above += (~kept).sum()
        self.trace += (norm * kept).sum().double()
        if self.matrix is not None:
            difference *= kept[:, None]
            self.matrix.addmm_(difference.T, difference)

    def trace_upper(self, alpha: float) -> float:
        """Above tr C / d with confidence 1 - alpha."""
        return self._upper(float(self.trace), alpha)

    def spectral_upper(self, alpha: float) -> float:
        """Above lambda_max(C) / d with confidence 1 - alpha."""
        assert self.matrix is not None
        top = torch.linalg.eigvalsh(self.matrix.double())[-1]
        return self._upper(float(top), alpha)

    def _upper(self, total: float, alpha: float) -> float:
        """Half of alpha for what lies below the level, half for how much lies above it."""
        below = torch.tensor(total / self.pairs / self.level, dtype=torch.float64)
        kept = self.level * float(mean_upper(below, self.pairs, alpha / 2))
        above = float(rate_upper(self.above, self.pairs, alpha / 2))
        return min(kept / self.pixels + above / 2, 0.5)


def chi_square_rmse(second_moment: float, a: float) -> float:
    """Most that RMSE(S(x'), S(x)) can be, from tr C / d or lambda_max(C) / d; at most 1."""
    if a * a > LARGEST_A2:
        return 1.0
    return min(1.0, sqrt(second_moment * expm1(a * a)))


def average_rmse(trace: float, n: int, alpha: float) -> float:
    """Most that the average of n copies is from S, as RMSE, with confidence 1 - alpha.

    Args:
        trace: at least tr C / d.
    """
    t = log(2 / alpha)
    return min(1.0, (t / 3 + sqrt(t * t / 9 + 2 * n * trace * t)) / n)


def _pairs(y: Images) -> Tensor:
    """(F_j - F_j') / sqrt 2, flat; a copy without partner is left out."""
    flat = y.flatten(1)
    half = len(flat) // 2
    return (flat[:half] - flat[half : 2 * half]) * 0.5**0.5
