"""Copies of one image as they are received: F_j = f(x + sigma e_j, fresh channel).

    e_j ~ N(0, I) in float32, on [0, 1] pixels, before anything else touches the image

All theorems here are about f: images -> [0, 1]^d. Clipping the noisy image, the channel's noise
and the receiver's rounding are parts of f; clipping the noise would not be.

Paper: SemBugger Eq. (12); Theorem 1 needs f in [0, 1] and says f <= 1 (errata S5).
"""

from collections.abc import Iterator

import torch
from torch import Generator

from semvet.errors import DefenseError
from semvet.systems import Link
from semvet.types import Images

CHUNK = 1024  # copies in one forward pass; even, because some bounds take them in pairs


def samples(
    link: Link, x: Images, *, sigma: float, n: int, clip: bool = False, rng: Generator,
    chunk: int = CHUNK,
) -> Iterator[Images]:  # fmt: skip
    """F_1 ... F_n in chunks; memory does not grow with n.

    Args:
        x: (1, chan, height, width) in [0, 1].
        sigma: in pixel units.
        clip: f begins with a clip to [0, 1].

    Raises:
        DefenseError: sigma is not positive, or an output is not finite or leaves [0, 1].
    """
    if not sigma > 0:
        raise DefenseError(
            f"sigma: {sigma}; a certificate needs smoothing noise: any sigma above 0, "
            "such as 0.25 (in pixel units)"
        )
    for start in range(0, n, chunk):
        shape = (min(chunk, n - start), *x.shape[1:])
        noisy = torch.randn(shape, generator=rng, device=x.device).mul_(sigma).add_(x)
        with torch.no_grad():
            y = link(noisy.clamp_(0, 1) if clip else noisy, rng=rng)
        yield _in_range(y)


def _in_range(y: Images) -> Images:
    low, high = y.aminmax()
    if not (low >= 0 and high <= 1):  # also where one is NaN
        raise DefenseError(
            f"this link's outputs range from {float(low):.3g} to {float(high):.3g}; certificates "
            "need outputs in [0, 1]: clamp them inside the link (or end it with a sigmoid)"
        )
    return y
