"""Orthonormal Haar wavelet transform of images, and its inverse.

    one level, per 2x2 block [a b; c d] of pixels:

        [average   ]         [1  1  1  1] [a]
        [horizontal]  =  1/2 [1 -1  1 -1] [b]         the matrix is its own inverse
        [vertical  ]         [1  1 -1 -1] [c]
        [diagonal  ]         [1 -1 -1  1] [d]

    two levels:  x --> (average, fine);  average --> coarse = (average, its three details)

Energy is kept: |coarse|^2 + |fine|^2 = |x|^2, so errors in the subbands are errors in pixels.

Paper: Haar 1910; as a pyramid Mallat, "A theory for multiresolution signal decomposition", IEEE
    TPAMI 1989. SemBugger's SCAN names no wavelet.
Deviates: Haar, not a longer filter: it needs no rule for the image's border, and the convolutions
    behind it see the neighbours anyway (D-017).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.systems.layers.convolution import from_blocks, to_blocks

STRIDE = 4  # image pixels per coefficient of the coarse subbands, each way

Coarse = Float[Tensor, "batch 4*chan height/4 width/4"]  # average, horizontal, vertical, diagonal
Fine = Float[Tensor, "batch 3*chan height/2 width/2"]  # horizontal, vertical, diagonal


def haar(x: Tensor) -> Tensor:
    """(batch, c, 2h, 2w) -> (batch, 4c, h, w): c averages, then c of each detail."""
    return _butterfly(to_blocks(x))


def inverse_haar(subbands: Tensor) -> Tensor:
    """(batch, 4c, h, w) -> (batch, c, 2h, 2w)."""
    return from_blocks(_butterfly(subbands))


def _butterfly(blocks: Tensor) -> Tensor:
    a, b, c, d = blocks.chunk(4, dim=1)
    left, right, left_step, right_step = a + c, b + d, a - c, b - d
    steps = [left_step + right_step, left_step - right_step]
    return torch.cat([left + right, left - right, *steps], dim=1) / 2


def analyze(x: Tensor) -> tuple[Tensor, Tensor]:
    """Images whose sides are multiples of 4 to (coarse, fine)."""
    subbands = haar(x)
    chan = x.shape[1]
    return haar(subbands[:, :chan]), subbands[:, chan:]


def synthesize(coarse: Tensor, fine: Tensor) -> Tensor:
    """The inverse of `analyze`."""
    return inverse_haar(torch.cat([inverse_haar(coarse), fine], dim=1))
