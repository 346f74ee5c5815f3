"""Content-aware gates: how much of each wavelet coefficient reaches the encoder.

    s = sigmoid(conv(PReLU(conv(x))))            saliency of each 2x2 block of pixels, in (0, 1)
    g = sigmoid(u_b s + v_b C / 10 + w_b)        gate of subband b at one place
    coarse, fine --> g coarse, g fine            for coarse subbands s is averaged over 2x2

Few numbers a subband (u, v, w) say how its share depends on saliency and on the channel's capacity
C = log2(1 + |h|^2 Es/N0). The receiver knows C but not s; gates are never 0, so nothing is lost.

Paper: SemBugger, Sec. V-A on SCAN: "a content-aware gating mechanism that dynamically adjusts
    wavelet-based compression ratios by jointly analyzing semantic saliency maps and instantaneous
    channel capacity metrics". No equation is given.
Deviates: everything beyond that sentence (D-017).
"""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from semvet.systems.layers.attention import SCALE
from semvet.systems.layers.convolution import PReLU, to_blocks
from semvet.types import Images, PerImage

WIDTH = 8  # filters of the saliency network
OPEN = 2.0  # w at first: a gate of about 0.9


@final
class SubbandGate(nn.Module):
    """The gate of `subbands` subbands on one grid."""

    def __init__(self, subbands: int):
        super().__init__()
        self.by_saliency = nn.Parameter(torch.ones(subbands))  # u
        self.by_capacity = nn.Parameter(torch.ones(subbands))  # v
        self.bias = nn.Parameter(torch.full((subbands,), OPEN))  # w

    def forward(self, saliency: Tensor, capacity: PerImage) -> Tensor:
        """(batch, 1, h, w) to (batch, subbands, h, w), in (0, 1)."""
        by_channel = self.bias + SCALE * capacity[:, None] * self.by_capacity
        by_place = saliency * self.by_saliency[:, None, None]
        return (by_place + by_channel[:, :, None, None]).sigmoid()


@final
class ContentGates(nn.Module):
    """Args:
    channels: of the image.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.salient = nn.Sequential(
            nn.Conv2d(4 * channels, WIDTH, 3, padding=1), PReLU(),
            nn.Conv2d(WIDTH, 1, 3, padding=1), nn.Sigmoid(),
        )  # fmt: skip
        self.coarse = SubbandGate(4 * channels)
        self.fine = SubbandGate(3 * channels)

    def saliency(self, x: Images) -> Tensor:
        """(batch, 1, height / 2, width / 2), in (0, 1)."""
        return self.salient(to_blocks(x)).float()

    def forward(self, x: Images, capacity: PerImage) -> tuple[Tensor, Tensor]:
        """Gates of the coarse and of the fine subbands, in (0, 1)."""
        s = self.saliency(x)
        return self.coarse(avg_pool2d(s, 2), capacity), self.fine(s, capacity)
