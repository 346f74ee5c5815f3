"""Generalized divisive normalization: each channel is divided by a learned norm of all channels.

    GDN:  z_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j^2)
    IGDN: z_i = x_i * sqrt(beta_i + sum_j gamma_ij x_j^2)

Paper: Balle, Laparra, Simoncelli, "Density modeling of images using a generalized normalization
    transformation", ICLR 2016; parameters squared to keep them positive.
"""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

LEAST = 1e-6  # of the sum, so that a silent input has a gradient


@final
class GDN(nn.Module):
    """(batch, channels, h, w) to the same shape.

    Args:
        channels: at the input and the output.
        inverse: IGDN, as decoders use it.
    """

    def __init__(self, channels: int, *, inverse: bool = False):
        super().__init__()
        self.inverse = inverse
        self.root_beta = nn.Parameter(torch.ones(channels))
        # weak coupling between channels at first, and no zero: its square would have no gradient
        self.root_gamma = nn.Parameter(0.01 + (0.1**0.5 - 0.01) * torch.eye(channels))

    def forward(self, x: Tensor) -> Tensor:
        gamma = self.root_gamma.square()[:, :, None, None]
        power = conv2d(x.square(), gamma, self.root_beta.square() + LEAST).float()
        return x * (power.sqrt() if self.inverse else power.rsqrt()).to(x.dtype)
