"""Certificates of the mean: how far S(x') can be from S(x), each from what the copies have shown.

To add one: write its bound in `certificates/<name>.py`, then add a line here; the best of all of
them is a certificate too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from semvet.certificates.chi_square import chi_square_rmse
from semvet.certificates.lipschitz import theorem_1
from semvet.certificates.mean import Interval, mean_movement
from semvet.certificates.psnr import rmse
from semvet.certificates.total_variation import total_variation


@dataclass(frozen=True)
class MeanSeen:
    """Statements about S at x that hold together with the confidence that was asked for."""

    sigma: float
    here: Interval  # where each pixel of S(x) is
    trace: float  # at least tr C / d
    spectral: float  # at least lambda_max(C) / d


@dataclass(frozen=True)
class OfMean:
    words: str  # for a legend
    moved: Callable[[MeanSeen, float], float]  # most that RMSE(S(x'), S(x)) can be at a = r / sigma


OF_MEAN: dict[str, OfMean] = {
    "theorem-1": OfMean(
        "Theorem 1 as printed", lambda seen, a: theorem_1(seen.sigma) * seen.sigma * a
    ),
    "total-variation": OfMean(
        "total variation (no data needed)", lambda seen, a: total_variation(a)
    ),
    "mean": OfMean("per pixel, from the mean", lambda seen, a: rmse(mean_movement(seen.here, a))),
    "trace": OfMean(
        "chi\N{SUPERSCRIPT TWO}, trace", lambda seen, a: chi_square_rmse(seen.trace, a)
    ),
    "spectral": OfMean(
        "chi\N{SUPERSCRIPT TWO}, spectral", lambda seen, a: chi_square_rmse(seen.spectral, a)
    ),
}
