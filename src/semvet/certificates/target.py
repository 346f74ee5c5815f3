"""How near the mean S(x') can come to a target picture t: the statement about the backdoor.

    c: the usual output (median of copies that choose), v = (t - c) / |t - c|
    g = v.(F - c) / |t - c|        0 at c, 1 at t
    E g at x' <= g_0 + sum_k (g_k+1 - g_k) Phi(Phi^-1(P(g > g_k)) + a),   a = |x' - x|_2 / sigma
    |S(x') - t| >= (1 - E g) |t - c|

g_0 and the last g_k are the least and most that g can be for F in [0, 1]^d; the thresholds between
them come from the copies that choose. P(g > g_k) is bounded by Clopper-Pearson at alpha / K each.
One number per target and no union over pixels.

Paper: the bound on E g is Kumar et al. 2020 ("Certifying confidence via randomized smoothing").
Deviates: the direction is ours; thresholds at equal steps of Phi^-1, then out to the last g_k
    (D-033).
"""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.certificates.bounds import rate_upper
from semvet.types import Images

INNER, UPPER, LOWER = 128, 32, 8  # thresholds among the copies' own values, above and below them
STEPS = 3.2  # the inner ones reach to Phi(-+ this)


@final
class Direction:
    """Counts how far copies go toward one target.

    Args:
        first: the copies that choose.
        target: (chan, height, width) in [0, 1].
    """

    def __init__(self, first: Images, target: Float[Tensor, "chan height width"]):
        self.nominal = first.flatten(1).median(dim=0).values  # c
        way = target.flatten() - self.nominal
        self.length = float(way.double().norm())
        self.scaled = way / max(self.length, 1e-6) ** 2  # v / |t - c|
        gain = self.scaled.clamp(min=0), self.scaled.clamp(max=0)
        lowest = float(gain[1].sum() - self.scaled @ self.nominal)
        highest = float(gain[0].sum() - self.scaled @ self.nominal)
        self.ends = lowest, highest
        self.thresholds = _thresholds(self._share(first), lowest, highest)
        self.n = 0
        self.counts = first.new_zeros(len(self.thresholds) + 1, dtype=torch.int64)

    def _share(self, y: Images) -> Tensor:
        """g of each copy."""
        return y.flatten(1) @ self.scaled - self.scaled @ self.nominal

    def add(self, y: Images) -> None:
        cell = torch.bucketize(self._share(y), self.thresholds)
        self.counts += torch.bincount(cell, minlength=len(self.counts))
        self.n += len(y)

    def way(self, a: float, alpha: float) -> float:
        """Most that E g at x' can be, with confidence 1 - alpha for all a at once."""
        above = self.n - self.counts.cumsum(dim=0)[:-1]
        share = rate_upper(above, self.n, alpha / len(above)).cpu()
        moved = torch.special.ndtr(torch.special.ndtri(share) + a)
        inner = self.thresholds.double().cpu()
        edges = torch.cat([inner, inner.new_tensor([self.ends[1]])])
        start = float(inner[0])  # below the first threshold nothing is known: P <= 1
        return start + float((edges.diff().clamp(min=0) * moved).sum())

    def rmse(self, way: float) -> float:
        """Least that RMSE(S(x'), t) can be after this share of the way."""
        return max(0.0, 1 - way) * self.length / len(self.nominal) ** 0.5


def _thresholds(share: Tensor, lowest: float, highest: float) -> Tensor:
    """Increasing, from values of copies that choose to the last but one that is possible."""
    ordered = share.sort().values
    z = torch.linspace(-STEPS, STEPS, INNER, device=share.device)
    at = (torch.special.ndtr(z) * (len(ordered) - 1)).round().long()
    least, most = float(ordered[0]), float(ordered[-1])
    lower = torch.linspace(lowest, least, LOWER + 1, device=share.device)[:-1]
    upper = torch.linspace(most, highest, UPPER + 1, device=share.device)[:-1]
    return torch.cat([lower, ordered[at], upper]).unique()
