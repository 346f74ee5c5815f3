"""The knee of a curve over pruning ratios: where it stops rising faster than the ratio.

    smooth_s = 1/w sum_{i=0}^{w-1} padded_{s+i}           (w - 1) / 2 values added at both ends
    d        = norm(smooth) - norm(ratios)                norm: minimum to 0, maximum to 1
    knee     = argmax d

A curve that rises evenly or ever faster has d <= 0, a flat one has no norm: no knee is found
where max d is below LEAST_RISE. Zeros at the ends alone lift d to (w - 1) / 2 steps of the ratio.

Paper: BASS Sec. IV-C, after Satopaa et al., "Finding a 'kneedle' in a haystack", ICDCSW 2011.
Deviates: the printed average has w + 1 terms divided by w (errata B3), and zeros at the ends bend
    the curve (errata B4); `average` and `padding` select. The test for no knee is ours (D-032).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

Curve = Float[Tensor, " ratios"]
LEAST_RISE = 0.15  # of the curve's range, above the straight line
FLAT = 1e-3  # range of a curve of relative changes that changes nothing


@dataclass(frozen=True)
class Knee:
    d: Curve  # d_c in BASS; zeros for a flat curve
    index: int | None  # of the ratio at the knee; None: there is no knee


def find_knee(
    curve: Curve, ratios: Curve, *, window: int, average: Literal["sound", "literal"],
    padding: Literal["zeros", "edge"],
) -> Knee:  # fmt: skip
    """Args:
    curve: at least two values, one per ratio.
    window: w, odd.
    """
    smooth = smoothed(curve, window=window, average=average, padding=padding)
    if float(curve.max() - curve.min()) < FLAT:
        return Knee(torch.zeros_like(curve), None)
    d = _norm(smooth) - _norm(ratios)
    index = int(d.argmax())
    return Knee(d, index if d[index] >= LEAST_RISE else None)


def smoothed(
    curve: Curve, *, window: int, average: Literal["sound", "literal"],
    padding: Literal["zeros", "edge"],
) -> Curve:  # fmt: skip
    """The moving average as long as the curve. Literal: w + 1 terms, divided by w."""
    half, terms = window // 2, window + (average == "literal")
    ends = (half, half + terms - window)
    if padding == "zeros":
        longer = pad(curve, ends)
    else:
        longer = torch.cat([curve[:1].repeat(ends[0]), curve, curve[-1:].repeat(ends[1])])
    return longer.unfold(0, terms, 1).sum(dim=1) / window


def _norm(curve: Curve) -> Curve:
    return (curve - curve.min()) / (curve.max() - curve.min())
