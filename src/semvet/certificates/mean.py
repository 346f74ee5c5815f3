"""The mean S(x) = E F pixel by pixel, from S(x) alone.

    Phi(Phi^-1(S_i(x)) - a) <= S_i(x') <= Phi(Phi^-1(S_i(x)) + a),   a = |x' - x|_2 / sigma

Attained by half-spaces. S_i(x) is bounded by KL-Chernoff on both sides, with a union over the 2 d
sides. What S_i can move is widest at Phi^-1(S_i) = -+ a / 2 and narrow near 0 and 1.

Paper: Salman et al. 2019 (Lemma 2, the Neyman-Pearson argument for soft outputs).
Deviates: as a certificate of pictures it is in no paper that we know (D-033).
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.certificates.bounds import mean_lower, mean_upper

PerPixel = Float[Tensor, " pixels"]
ROUNDING = 1e-6  # of a mean of float32 outputs


class Interval(NamedTuple):
    """Where each pixel of a smoothed picture is."""

    low: PerPixel
    high: PerPixel


def mean_interval(average: PerPixel, n: int, alpha: float) -> Interval:
    """Holds all S_i(x) at once with confidence 1 - alpha; `average` is that of n copies."""
    each = alpha / (2 * average.numel())
    low = mean_lower((average - ROUNDING).clamp(min=0), n, each)
    return Interval(low, mean_upper((average + ROUNDING).clamp(max=1), n, each))


def mean_reach(here: Interval, a: float) -> Interval:
    """Where S_i(x') can be, from where S_i(x) is."""
    return Interval(_moved(here.low, -a), _moved(here.high, a))


def mean_movement(here: Interval, a: float) -> PerPixel:
    """The largest |S_i(x') - S_i(x)| with S_i(x) anywhere in the interval."""
    half = torch.tensor([a / 2], dtype=torch.float64, device=here.low.device)
    widest_up = torch.special.ndtr(-half).clamp(here.low, here.high)
    widest_down = torch.special.ndtr(half).clamp(here.low, here.high)
    up = _moved(widest_up, a) - widest_up
    return torch.maximum(up, widest_down - _moved(widest_down, -a))


def _moved(s: PerPixel, a: float) -> PerPixel:
    return torch.special.ndtr(torch.special.ndtri(s) + a)
