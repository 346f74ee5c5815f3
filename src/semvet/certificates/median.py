"""The median of each pixel, M_i(x) = q_1/2(F_i).

    q_Phi(-a)(F_i) <= M_i(x') <= q_Phi(a)(F_i),   a = |x' - x|_2 / sigma

The receiver's rounding to 8 bits is the last part of f here, so that a d x 256 histogram holds
all order statistics exactly. q_p = min{t: P(F_i <= t) >= p}. Both percentiles and M_i(x) itself
are bounded by order statistics with exact binomial ranks, with a union over 4 d statements for
each radius. Where n is too small for a rank the radius is abstained from.

Paper: Chiang et al. 2020 (Lemma 1); per pixel for pictures in CertSR (CVPR 2024).
Deviates: ranks are counted from 1 on both sides (`bounds`; D-033).
"""

from typing import final

import torch
from scipy.special import ndtr
from torch import Tensor

from semvet.certificates.bounds import lower_rank, upper_rank
from semvet.certificates.mean import Interval, PerPixel
from semvet.types import Images

GREYS = 256


@final
class Histogram:
    """How often each pixel had each 8-bit value."""

    def __init__(self, like: Tensor):
        d = like[0].numel()
        self.n = 0
        self.counts = torch.zeros(d * GREYS, dtype=torch.int64, device=like.device)
        self.offset = torch.arange(0, d * GREYS, GREYS, device=like.device)

    def add(self, y: Images) -> None:
        grey = (y.flatten(1) * (GREYS - 1)).round_().to(torch.int64)
        self.n += len(grey)
        self.counts += torch.bincount((grey + self.offset).flatten(), minlength=len(self.counts))

    def ordered(self, rank: int) -> PerPixel:
        """X_(rank) of each pixel, rank from 1, in [0, 1]; float64."""
        upto = self.counts.view(-1, GREYS).cumsum(dim=1)
        wanted = torch.full((len(upto), 1), rank, device=upto.device)
        return torch.searchsorted(upto, wanted).squeeze(1).double() / (GREYS - 1)


def median_reach(copies: Histogram, a: float, alpha: float) -> Interval | None:
    """Where M_i(x') can be, all pixels at once with confidence 1 - alpha; None: too few copies."""
    p = float(ndtr(a))
    each = alpha / (2 * len(copies.offset))
    high, low = upper_rank(p, copies.n, each), lower_rank(1 - p, copies.n, each)
    if high is None or low is None:
        return None
    return Interval(copies.ordered(low), copies.ordered(high))


def median_movement(here: Interval, there: Interval) -> PerPixel:
    """The largest |M_i(x') - M_i(x)| with both anywhere in their intervals."""
    return torch.maximum(there.high - here.low, here.high - there.low)
