"""The center: one received copy that most others are near to, in any metric.

    deployed  of 30 copies, c has the smallest ball that holds half of n0 - 30 other copies
    certified d(c(x'), c(x)) <= 3 R,   R: B(c(x), R) holds q of f(x + e),
              q = Phi(Phi^-1(1/2 + Delta) + a),   a = |x' - x|_2 / sigma

At x' the ball B(c(x), R) still holds 1/2 + Delta. One of the 30 lies in it, so a ball of radius
2 R around that one holds half of the copies at x', and c(x')'s own ball is no larger. It holds at
least 1/2 - Delta of f(x' + e), hence meets B(c(x), R): d <= 2 R + R.

    Delta = sqrt(ln(31 / (alpha/2 - 2^-30)) / (2 (n0 - 30)))

covers the 30 balls (Massart's inequality, uniform over radii) and the share of copies in B(c, R)
(Hoeffding) with alpha/2 of the deployed draw at x'; R is an order statistic of n fresh distances
with exact binomial ranks, with the other alpha/2.

Paper: Kumar, Goldstein 2021 (center smoothing).
Deviates: the candidates' balls are counted on copies other than the candidates, which needs no
    second batch to check Delta; exact ranks instead of an interpolated quantile (D-033).
"""

from collections.abc import Callable
from math import ceil, inf, log, sqrt
from typing import final

import torch
from jaxtyping import Float
from scipy.special import ndtr, ndtri
from torch import Tensor

from semvet.certificates.bounds import upper_rank
from semvet.types import Images, PerImage

CANDIDATES = 30
OneImage = Float[Tensor, "1 chan height width"]
Distance = Callable[[Images, OneImage], PerImage]


def rmse_distance(y: Images, center: OneImage) -> PerImage:
    return (y - center).square().mean(dim=(1, 2, 3)).sqrt()


def choose_center(first: Images, distance: Distance) -> OneImage:
    """c: (1, chan, height, width), from copies that choose."""
    candidates, others = first[:CANDIDATES], first[CANDIDATES:]
    half = ceil(len(others) / 2)
    radii = [distance(others, one).kthvalue(half).values for one in candidates.split(1)]
    return candidates[int(torch.stack(radii).argmin())][None]


def slack(n0: int, alpha: float) -> float:
    """Delta; infinite where there are no copies but candidates."""
    others = n0 - CANDIDATES
    if others < 1:
        return inf
    return sqrt(log((CANDIDATES + 1) / (alpha / 2 - 0.5**CANDIDATES)) / (2 * others))


def smallest_choice(alpha: float) -> int:
    """The n0 from which on Delta < 1/2."""
    return CANDIDATES + int(2 * log((CANDIDATES + 1) / (alpha / 2 - 0.5**CANDIDATES))) + 1


@final
class Center:
    """Collects the distances of fresh copies to c: four bytes a copy.

    Args:
        first: the n0 copies that choose c; n0 >= `smallest_choice(alpha)`.
        distance: a metric between images.
        n: fresh copies, at most.
    """

    def __init__(self, first: Images, distance: Distance, *, n: int):
        self.n0, self.distance, self.seen = len(first), distance, 0
        self.center = choose_center(first, distance)
        # one block: small ones that stay, between chunks that go, would fragment the memory
        self.distances = first.new_empty(n)

    def add(self, y: Images) -> None:
        upto = self.seen + len(y)
        self.distances[self.seen : upto] = self.distance(y, self.center)
        self.seen = upto

    def reach(self, steps: list[float], alpha: float) -> list[float | None]:
        """3 R for each a of `steps`; None: too few copies."""
        found = self.distances[: self.seen].sort().values
        ranks = [upper_rank(self._share(a, alpha), self.seen, alpha / 2) for a in steps]
        return [None if k is None else 3 * float(found[k - 1]) for k in ranks]

    def _share(self, a: float, alpha: float) -> float:
        return float(ndtr(ndtri(0.5 + slack(self.n0, alpha)) + a))
