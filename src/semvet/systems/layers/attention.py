"""SNR attention: one network for many channel qualities.

    s = sigmoid(W2 relu(W1 [mean over pixels of x; C]))         x -> s x, one factor per channel

Paper: Xu, Ai, Chen, Yang, Sun, Rodrigues, "Wireless image transmission using deep source channel
    coding with attention modules", IEEE TCSVT 2022 ("AF module").
Deviates: the input is the channel's capacity C = log2(1 + |h|^2 Es/N0) instead of the SNR in dB,
    a tenth of it per bit: of the same order at high SNR, and it also says what fading does.
"""

from typing import final

import torch
from torch import Tensor, nn

from semvet.types import PerImage

SCALE = 0.1  # of a capacity in bits, to the order of the other inputs


@final
class SnrAttention(nn.Module):
    """(batch, channels, h, w) to the same shape; no image sees another one.

    Args:
        channels: of the input; at most 16 times fewer in between, and at least 4.
    """

    def __init__(self, channels: int):
        super().__init__()
        hidden = max(4, channels // 16)
        self.factors = nn.Sequential(
            nn.Linear(channels + 1, hidden), nn.PReLU(), nn.Linear(hidden, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor, capacity: PerImage) -> Tensor:
        known = torch.cat([x.mean(dim=(2, 3)), SCALE * capacity[:, None].to(x.dtype)], dim=1)
        return x * self.factors(known)[:, :, None, None]
