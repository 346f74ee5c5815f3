"""JSCC: the plain convolutional autoencoder over a noisy channel.

    x -> conv 5x5 s2 C->w -> s2 w->2w -> 2w->2w -> 2w->2w -> 2w->c -> unit power -> channel
      -> tconv 5x5 c->2w -> 2w->2w -> 2w->2w -> s2 2w->w -> s2 w->C -> sigmoid -> x_hat

PReLU after every convolution but the last, w = 16. `convolution` says how they are computed.

Paper: Bourtsoulatze, Kurka, Gunduz, IEEE TCCN 2019 (SemBugger's "JSCC", cited there as [20]).
Deviates: SemBugger describes it "with residual connections"; the cited network has none, so they
    are an option.
    He initialization and an output bias of -2 (D-004): with PyTorch's default initialization this
    network collapses to a constant black image on MNIST. Maps are cut to 2k reals so that every
    ratio is met exactly; images are padded to multiples of 4 and cropped back.
"""

from collections.abc import Sequence
from typing import final

from torch import Tensor, nn

from semvet.systems.base import OneShotSystem
from semvet.systems.layers.convolution import Conv5, PReLU, TransposedConv5
from semvet.systems.layers.grid import Grid
from semvet.systems.symbols.power import symbol_count
from semvet.types import BandwidthRatio, Images, ImageShape, OutputBias, PerImage, Symbols, Width

STRIDE = 4  # image pixels per feature-map pixel, each way


def layer(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(Conv5(inputs, outputs, stride=stride), PReLU())


@final
class Residual(nn.Module):
    """x + layer(x)."""

    def __init__(self, body: nn.Module):
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def inner(width: int, *, residual: bool) -> nn.Module:
    body = layer(width, width)
    return Residual(body) if residual else body


def make_encoder(grid: Grid, width: int, *, residual: bool) -> nn.Sequential:
    """Padded images to the grid's maps."""
    w = width
    return nn.Sequential(
        layer(grid.shape.channels, w, stride=2), layer(w, 2 * w, stride=2),
        inner(2 * w, residual=residual), inner(2 * w, residual=residual), layer(2 * w, grid.maps),
    )  # fmt: skip


def convolutions_of(encoder: nn.Sequential) -> list[nn.Module]:
    """Each with its activation, and without the path past it."""
    return [layer.body if isinstance(layer, Residual) else layer for layer in encoder]


def make_decoder(grid: Grid, last: TransposedConv5, *, residual: bool) -> nn.Sequential:
    """The grid's maps to padded images before the sigmoid; `last` has `width` inputs."""
    w = last.in_channels
    return nn.Sequential(
        layer(grid.maps, 2 * w), inner(2 * w, residual=residual), inner(2 * w, residual=residual),
        TransposedConv5(2 * w, w), PReLU(), last,
    )  # fmt: skip


def initialize(autoencoder: nn.Module, last: TransposedConv5, *, output_bias: float) -> None:
    """He's weights for all 5x5 convolutions; biases zero but for the output's (D-004)."""
    for module in autoencoder.modules():
        if isinstance(module, Conv5 | TransposedConv5):
            # a transposed convolution of stride 2 sums 25 / 4 products per input map
            share = 1 / 4 if isinstance(module, TransposedConv5) else 1
            fan_in = module.in_channels * 25 * share
            nn.init.normal_(module.weight, std=(2 / fan_in) ** 0.5)
            module.bias.data.zero_()
    last.bias.data.fill_(output_bias)


@final
class JSCC(OneShotSystem):
    """Args:
    bandwidth_ratio: complex k/n; the papers' CR 1/4 is 1/8 here.
    width: filters of the first layer; the inner layers have twice as many.
    residual: the inner layers add to their input, as SemBugger describes this system.
    output_bias: initial bias before the sigmoid; negative suits dark images.
    """

    def __init__(
        self,
        shape: ImageShape,
        *,
        bandwidth_ratio: BandwidthRatio = 1 / 8,
        width: Width = 16,
        residual: bool = False,
        output_bias: OutputBias = -2.0,
    ):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        self.grid = Grid(self.shape, self.symbols, stride=STRIDE)
        self.encoder = make_encoder(self.grid, width, residual=residual)
        self.last = TransposedConv5(width, self.shape.channels)
        self.decoder = make_decoder(self.grid, self.last, residual=residual)
        initialize(self, self.last, output_bias=output_bias)

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        return convolutions_of(self.encoder)

    def encode(self, x: Images, capacity: PerImage) -> Symbols:
        return self.grid.to_symbols(self.encoder(self.grid.pad(x)))

    def decode(self, y: Symbols, capacity: PerImage) -> Images:
        return self.grid.crop(self.decoder(self.grid.to_maps(y)).float().sigmoid())
