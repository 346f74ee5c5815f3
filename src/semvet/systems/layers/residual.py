"""Residual and attention blocks of learned image compression.

    ResidualBlock      x + lrelu(conv3(lrelu(conv3(x))))        conv1(x) + if widths differ
    ResidualBlockDown  conv1_s2(x) + GDN(conv3(lrelu(conv3_s2(x))))
    ResidualBlockUp    up(conv3(x)) + IGDN(conv3(lrelu(up(conv3(x)))))   up: 4c maps to 2x2 pixels
    AttentionBlock     x + a(x) * sigmoid(conv1(b(x)))               a, b: three bottlenecks each
    bottleneck         lrelu(x + conv1(lrelu(conv3(lrelu(conv1(x))))))   half as wide inside

Paper: Cheng, Sun, Takeuchi, Katto, "Learned image compression with discretized Gaussian mixture
    likelihoods and attention modules", CVPR 2020.
Deviates: leaky ReLU in the bottlenecks too, where the paper has ReLU: attention on as few maps as
    a small image's latent has must not die (D-016).
"""

from typing import final

from torch import Tensor, nn

from semvet.systems.layers.convolution import from_blocks
from semvet.systems.layers.gdn import GDN

SLOPE = 0.01  # of the leaky ReLU


@final
class Layer(nn.Sequential):
    """A convolution that keeps the size (or divides it by `stride`), and its activation if any.

    Args:
        inputs, outputs: channels.
        kernel: odd, in pixels.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: nn.Module | None = None,
        *,
        kernel: int = 3,
        stride: int = 1,
    ):
        convolution = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2)
        super().__init__(convolution, *([activation] if activation else []))


def leaky() -> nn.LeakyReLU:
    return nn.LeakyReLU(SLOPE)


@final
class ResidualBlock(nn.Module):
    """(batch, inputs, h, w) -> (batch, outputs, h, w)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.body = nn.Sequential(Layer(inputs, outputs, leaky()), Layer(outputs, outputs, leaky()))
        self.skip = nn.Identity() if inputs == outputs else Layer(inputs, outputs, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.skip(x)


@final
class ResidualBlockDown(nn.Module):
    """(batch, inputs, h, w) -> (batch, outputs, h / 2, w / 2)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.body = nn.Sequential(
            Layer(inputs, outputs, leaky(), stride=2), Layer(outputs, outputs, GDN(outputs))
        )
        self.skip = Layer(inputs, outputs, kernel=1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.skip(x)


@final
class ResidualBlockUp(nn.Module):
    """(batch, inputs, h, w) -> (batch, outputs, 2h, 2w).

    Args:
        bias: what is added to every output at first.
    """

    def __init__(self, inputs: int, outputs: int, *, bias: float = 0.0):
        super().__init__()
        self.first = Layer(inputs, 4 * outputs, leaky())
        self.second = Layer(outputs, outputs, GDN(outputs, inverse=True))
        self.skip = nn.Conv2d(inputs, 4 * outputs, 3, padding=1)
        nn.init.constant_(self.skip.bias, bias)  # type: ignore[arg-type]  # it has one

    def forward(self, x: Tensor) -> Tensor:
        return self.second(from_blocks(self.first(x))) + from_blocks(self.skip(x))


@final
class Bottleneck(nn.Module):
    """(batch, width, h, w) to the same shape."""

    def __init__(self, width: int):
        super().__init__()
        half = max(1, width // 2)
        self.body = nn.Sequential(
            Layer(width, half, leaky(), kernel=1),
            Layer(half, half, leaky()),
            Layer(half, width, kernel=1),
        )
        self.activation = leaky()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(x + self.body(x))


@final
class AttentionBlock(nn.Module):
    """(batch, width, h, w) to the same shape."""

    def __init__(self, width: int):
        super().__init__()
        self.trunk = nn.Sequential(*(Bottleneck(width) for _ in range(3)))
        self.mask = nn.Sequential(
            *(Bottleneck(width) for _ in range(3)), Layer(width, width, nn.Sigmoid(), kernel=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.trunk(x) * self.mask(x)
