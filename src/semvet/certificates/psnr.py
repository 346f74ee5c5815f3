"""From bounds on pixels to a PSNR that is certified.

    PSNR(S(x'), S(x))  from |S_i(x') - S_i(x)| per pixel, or from the RMSE of both
    PSNR(S(x'), x)     from the interval of S_i(x'):  max(high_i - x_i, x_i - low_i)
                       or RMSE(S(x'), x) <= RMSE(S(x), x) + RMSE(S(x'), S(x))

RMSE is the root of the mean square over pixels, a metric. No two images in [0, 1] are farther
apart than 1: 0 dB is what holds without any certificate.
"""

from math import log10

import torch

from semvet.certificates.mean import Interval, PerPixel
from semvet.metrics.psnr import IDENTICAL_DB


def rmse(difference: PerPixel) -> float:
    return float(difference.double().square().mean().sqrt())


def rmse_to(x: PerPixel, reach: Interval) -> float:
    """The largest RMSE to x of a picture that lies in `reach`."""
    return rmse(torch.maximum(reach.high - x, x - reach.low))


def rmse_to_db(value: float) -> float:
    """PSNR of an RMSE, from 0 to 100 dB."""
    return min(IDENTICAL_DB, max(0.0, -20 * log10(value))) if value > 0 else IDENTICAL_DB
