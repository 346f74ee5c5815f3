"""Structural similarity of [0, 1] images, over all pixels.

    SSIM = (2 mx my + c1)(2 sxy + c2) / ((mx^2 + my^2 + c1)(sx^2 + sy^2 + c2)),
    c1 = .01^2, c2 = .03^2, local moments under a Gaussian window of 11 pixels, sigma 1.5.

The window reflects at the border and every pixel counts. Common implementations drop the outer 5
pixels, where a learned trigger hides: `border=5` gives that value, to stand beside the other.
Blurring with a separable window and reflection is linear in each axis, so it is one matrix per
axis: exact, and several times faster than an 11x11 convolution.

Paper: SemBugger Eq. (8) and Sec. IV-B use SSIM without naming window or border.
Deviates: D-003 in docs/decisions.
"""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2

Blur = Float[Tensor, "size size"]
Stack = Float[Tensor, "*#batch chan height width"]


@lru_cache(maxsize=64)
def blur_matrix(size: int, device: torch.device) -> Blur:
    """The window along one axis of `size` pixels, reflection at both ends folded in."""
    half = WINDOW // 2
    offsets = torch.arange(-half, half + 1)
    weights = torch.exp(-0.5 * (offsets / SIGMA) ** 2)
    weights = weights / weights.sum()
    period = max(2 * size - 2, 1)
    source = (torch.arange(size)[:, None] + offsets) % period
    source = torch.where(source < size, source, period - source)
    matrix = torch.zeros(size, size)
    return matrix.scatter_add_(1, source, weights.expand(size, -1)).to(device)


def _moments(x: Stack) -> tuple[Stack, Stack]:
    """Local mean and local mean square."""
    mean, square = _blur(torch.stack([x, x * x]))
    return mean, square


def _blur(x: Tensor) -> Tensor:
    rows, columns = blur_matrix(x.shape[-2], x.device), blur_matrix(x.shape[-1], x.device)
    return rows @ (x @ columns.T)


@torch.autocast("cpu", enabled=False)
@torch.autocast("cuda", enabled=False)
def ssim(a: Stack, b: Stack, *, border: int = 0) -> Tensor:
    """SSIM of each pair, in [-1, 1], differentiable; `border` pixels on each side do not count.

    Leading axes broadcast, and moments are taken before that: (n, 1, ...) against (1, T, ...)
    compares n images with T targets for little more than n + T of them.
    """
    a, b = a.float().contiguous(), b.float().contiguous()
    (ma, aa), (mb, bb), ab = _moments(a), _moments(b), _blur(a * b)
    ma2, mb2, mab = ma * ma, mb * mb, ma * mb
    values = ((2 * mab + C1) * (2 * (ab - mab) + C2)) / (
        (ma2 + mb2 + C1) * ((aa - ma2) + (bb - mb2) + C2)
    )
    if border:
        values = values[..., border:-border, border:-border]
    return values.mean(dim=(-3, -2, -1))
