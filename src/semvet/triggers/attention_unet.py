"""Attention U-Net: an image in, a pattern of the same size out.

Encoder levels of two 3x3 convolutions each, halved by max pooling; the decoder doubles, and an
additive attention gate weighs each skip connection before it is concatenated:

    alpha = sigmoid(psi . relu(W_x skip + W_g gate)),   skip <- alpha * skip

Paper: Oktay et al. 2018 for the gates; SemBugger Eq. (3) names "an Attention U-Net encoder
architecture" and nothing else.
Deviates: the first level works on 2x2 blocks of pixels, which is twice as fast on these sizes. No
    batch normalization, which couples the images of a batch; the last features are normalized
    over each image instead and the output has no bias, so that the pattern cannot collapse to a
    constant, which SemBugger's imperceptibility loss drives it to. Widths are ours (D-007).
"""

from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import (
    instance_norm,
    interpolate,
    max_pool2d,
    pad,
    pixel_shuffle,
    pixel_unshuffle,
)

BLOCK = 2  # pixels each way that form one position of the first level


def _convolutions(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU(),
    )  # fmt: skip


@final
class AttentionGate(nn.Module):
    """Both inputs at the same resolution; the weight is one number per position."""

    def __init__(self, skip: int, gate: int):
        super().__init__()
        inner = max(skip // 2, 1)
        self.from_skip = nn.Conv2d(skip, inner, 1)
        self.from_gate = nn.Conv2d(gate, inner, 1)
        self.weigh = nn.Conv2d(inner, 1, 1)

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        alpha = self.weigh((self.from_skip(skip) + self.from_gate(gate)).relu()).sigmoid()
        return alpha * skip


@final
class AttentionUNet(nn.Module):
    """Args:
    channels: of the image and of the pattern.
    widths: filters of each level, from half resolution down.
    """

    def __init__(self, channels: int, *, widths: tuple[int, ...]):
        super().__init__()
        self.stride = BLOCK * 2 ** (len(widths) - 1)
        inputs = (BLOCK**2 * channels, *widths[:-1])
        self.down = nn.ModuleList(_convolutions(i, o) for i, o in zip(inputs, widths, strict=True))
        steps = list(pairwise(widths))[::-1]  # (skip, below), deepest first
        self.gates = nn.ModuleList(AttentionGate(skip, below) for skip, below in steps)
        self.up = nn.ModuleList(_convolutions(skip + below, skip) for skip, below in steps)
        self.out = nn.Conv2d(widths[0], BLOCK**2 * channels, 1, bias=False)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width), unbounded; sizes are padded to the stride."""
        height, width = x.shape[-2:]
        x = pad(x, (0, -width % self.stride, 0, -height % self.stride), mode="replicate")
        x = pixel_unshuffle(x, BLOCK).contiguous(memory_format=torch.channels_last)
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else max_pool2d(x, 2))
            skips.append(x)
        skips.pop()  # the deepest level is the decoder's input
        for gate, block in zip(self.gates, self.up, strict=True):
            x = interpolate(x, scale_factor=2.0, mode="nearest")
            x = block(torch.cat([gate(skips.pop(), x), x], dim=1))
        return pixel_shuffle(self.out(instance_norm(x.float())), BLOCK)[..., :height, :width]
