"""A trigger in the frequency domain: a few mid-frequency DCT coefficients, chosen per image.

    X = D_h x D_w^T        orthonormal DCT-II of each colour channel
    x' = D_h^T (X + A(x)) D_w,   A(x) = bound * tanh(g(x)) on the K of N coefficients where
    |g(x)| is largest, 0 elsewhere

By Parseval |x' - x|_2 <= bound sqrt(K chan), and no pixel changes by more than
2 K bound / sqrt(height width).

Paper: Yu et al., "Backdoor Attacks Against Deep Image Compression via Adaptive Frequency Trigger",
    CVPR 2023, arXiv 2302.14677, for K = 16 of N = 64 mid frequencies.
Deviates: one transform of the whole image instead of patches, which these image sizes call for;
    the middle of the band and the network g are ours (D-024).
"""

from math import pi
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from semvet.types import Images, ImageShape

MIDDLE = 0.5  # u/height + v/width around which the band lies: 0 is the mean, 2 the finest


def dct_matrix(size: int) -> Float[Tensor, "size size"]:
    """Orthonormal DCT-II: row u holds frequency u."""
    n, u = torch.arange(size), torch.arange(size)[:, None]
    rows = torch.cos(pi * u * (2 * n + 1) / (2 * size)) * (2 / size) ** 0.5
    rows[0] /= 2**0.5
    return rows


@final
class Spectrum(nn.Module):
    """Args:
    shape: of the images.
    bound: largest change of a coefficient.
    band: N, how many coefficients may change.
    keep: K, how many of them do in one image.
    width: filters of g.
    """

    rows: Tensor  # D_h
    columns: Tensor  # D_w
    place: Tensor  # (N,) positions of the band in a flattened channel

    def __init__(self, shape: ImageShape, *, bound: float, band: int, keep: int, width: int):
        super().__init__()
        self.shape, self.bound, self.keep = shape, bound, keep
        self.register_buffer("rows", dct_matrix(shape.height), persistent=False)
        self.register_buffer("columns", dct_matrix(shape.width), persistent=False)
        down = torch.arange(shape.height)[:, None] / shape.height
        off = (down + torch.arange(shape.width) / shape.width - MIDDLE).abs().flatten()
        place = off.sort(stable=True).indices[:band].sort().values
        self.register_buffer("place", place, persistent=False)
        self.g = nn.Sequential(
            nn.Conv2d(shape.channels, width, 5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(4), nn.Flatten(),
            nn.Linear(2 * width * 16, shape.channels * band),
        )  # fmt: skip

    def forward(self, x: Images) -> Images:
        """The change in pixels, unclipped."""
        wished = self.g(x).float().view(len(x), self.shape.channels, -1)
        least = wished.abs().topk(self.keep, dim=2).values[:, :, -1:]
        chosen = torch.where(wished.abs() >= least, self.bound * wished.tanh(), 0)
        spectrum = torch.zeros(*x.shape[:2], x[0, 0].numel(), device=x.device)
        spectrum = spectrum.index_copy(2, self.place, chosen).view(x.shape)
        return self.rows.T @ spectrum @ self.columns
