"""The papers' 5x5 convolutions, computed in an equal but faster form.

A stride-2 convolution is a stride-1 3x3 one on 2x2 blocks of pixels (its kernel zero-padded to
6x6); a stride-2 transposed one is a 3x3 convolution whose outputs are 2x2 blocks. The parameters
keep the shapes of the plain layers, so pruning and parameter counts are those of the paper's
network; a test compares outputs and gradients with torch.nn's own layers. A stride-1 transposed
convolution is a convolution with the mirrored kernel: `Conv5` serves.

`Conv5` and `TransposedConv5` are torch.nn layers with another forward; `PReLU` is torch.nn.PReLU
with a backward pass several times faster than the generic one on CPU.
"""

from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, pad

PADDING = 2  # keeps the size at stride 1 and halves or doubles an even one at stride 2


def to_blocks(x: Tensor) -> Tensor:
    """(batch, c, 2h, 2w) -> (batch, 4c, h, w), channel (r, s, c) from row 2i + r, column 2j + s.

    Like pixel_unshuffle but with c last, so that channels-last memory is copied in whole pixels
    and stays channels last; mixed memory orders make everything after them several times slower.
    """
    batch, c, height, width = x.shape
    pixels = x.permute(0, 2, 3, 1).reshape(batch, height // 2, 2, width // 2, 2, c)
    blocks = pixels.permute(0, 1, 3, 2, 4, 5).reshape(batch, height // 2, width // 2, 4 * c)
    return blocks.permute(0, 3, 1, 2)


def from_blocks(blocks: Tensor) -> Tensor:
    """The inverse of `to_blocks`."""
    batch, c4, height, width = blocks.shape
    pixels = blocks.permute(0, 2, 3, 1).reshape(batch, height, width, 2, 2, c4 // 4)
    x = pixels.permute(0, 1, 3, 2, 4, 5).reshape(batch, 2 * height, 2 * width, c4 // 4)
    return x.permute(0, 3, 1, 2)


@final
class Conv5(nn.Conv2d):
    """(batch, inputs, h, w) -> (batch, outputs, h / stride, w / stride)."""

    bias: Tensor

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1):
        super().__init__(inputs, outputs, 5, stride=stride, padding=PADDING)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] != 2 or x.shape[-2] % 2 or x.shape[-1] % 2:
            return super().forward(x)
        outputs, inputs = self.weight.shape[:2]
        kernel = pad(self.weight, (0, 1, 0, 1)).view(outputs, inputs, 3, 2, 3, 2)
        kernel = kernel.permute(0, 3, 5, 1, 2, 4).reshape(outputs, 4 * inputs, 3, 3)
        return conv2d(to_blocks(x), kernel, self.bias, padding=1)


@final
class TransposedConv5(nn.ConvTranspose2d):
    """Stride 2: (batch, inputs, h, w) -> (batch, outputs, 2h, 2w)."""

    bias: Tensor

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 5, stride=2, padding=PADDING, output_padding=1)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        inputs, outputs = self.weight.shape[:2]
        # mirrored, index 5 of the kernel being zero: y[2q + r] = sum_a x[q + a] w[r + 2 - 2a]
        kernel = pad(self.weight, (0, 1, 0, 1)).view(inputs, outputs, 3, 2, 3, 2).flip(2, 4)
        kernel = kernel.permute(3, 5, 1, 0, 2, 4).reshape(4 * outputs, inputs, 3, 3)
        return from_blocks(conv2d(x, kernel, self.bias.repeat(4), padding=1))


class _LeakyReLU(torch.autograd.Function):
    """PReLU with one slope; the slope's gradient is one sum over what lies below zero."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.slope = slope.item()
        ctx.save_for_backward(x)
        return leaky_relu(x, ctx.slope)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        (x,) = ctx.saved_tensors
        per_slope = (grad * x.clamp(max=0)).sum().float()
        return torch.ops.aten.leaky_relu_backward(grad, x, ctx.slope, False), per_slope.view(1)


@final
class PReLU(nn.PReLU):
    """One slope for all channels, 0.25 at first."""

    def forward(self, x: Tensor) -> Tensor:
        if x.is_cuda:
            return super().forward(x)  # reading the slope would wait for the device
        return _LeakyReLU.apply(x, self.weight)
