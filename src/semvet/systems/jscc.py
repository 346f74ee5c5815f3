"""JSCC: the plain convolutional autoencoder over a noisy channel.

    x -> conv 5x5 s2 C->w -> s2 w->2w -> 2w->2w -> 2w->2w -> 2w->c -> unit power -> channel
      -> tconv 5x5 c->2w -> 2w->2w -> 2w->2w -> s2 2w->w -> s2 w->C -> sigmoid -> x_hat

PReLU after every convolution but the last, w = 16. `convolution` says how they are computed.

Paper: Bourtsoulatze, Kurka, Gunduz, IEEE TCCN 2019 (SemBugger's "JSCC", cited there as [20]).
Deviates: SemBugger describes it "with residual connections"; the cited network has none.
    He initialization and an output bias of -2 (D-004): with PyTorch's default initialization this
    network collapses to a constant black image on MNIST. Maps are cut to 2k reals so that every
    ratio is met exactly; images are padded to multiples of 4 and cropped back.
"""

from collections.abc import Sequence
from math import ceil
from typing import Annotated, final

import torch
from annotated_types import Ge, Gt, Le
from torch import nn
from torch.nn.functional import pad

from semvet.systems.base import System
from semvet.systems.convolution import Conv5, PReLU, TransposedConv5
from semvet.systems.power import symbol_count, to_reals, to_symbols
from semvet.types import Images, ImageShape, Symbols

STRIDE = 4  # image pixels per feature-map pixel, each way


def down(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(Conv5(inputs, outputs, stride=stride), PReLU())


@final
class JSCC(System):
    """Args:
    bandwidth_ratio: complex k/n; the papers' CR 1/4 is 1/8 here.
    width: filters of the first layer; the inner layers have twice as many.
    output_bias: initial bias before the sigmoid; negative suits dark images.
    """

    def __init__(
        self,
        shape: ImageShape,
        *,
        bandwidth_ratio: Annotated[float, Gt(0), Le(2)] = 1 / 8,
        width: Annotated[int, Ge(1), Le(1024)] = 16,
        output_bias: Annotated[float, Ge(-10), Le(10)] = -2.0,
    ):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        self.grid = (ceil(self.shape.height / STRIDE), ceil(self.shape.width / STRIDE))
        self.maps = ceil(2 * self.symbols / (self.grid[0] * self.grid[1]))
        chan, w = self.shape.channels, width
        self.encoder = nn.Sequential(
            down(chan, w, stride=2), down(w, 2 * w, stride=2), down(2 * w, 2 * w),
            down(2 * w, 2 * w), down(2 * w, self.maps),
        )  # fmt: skip
        self.last = TransposedConv5(w, chan)
        self.decoder = nn.Sequential(
            Conv5(self.maps, 2 * w), PReLU(), Conv5(2 * w, 2 * w), PReLU(),
            Conv5(2 * w, 2 * w), PReLU(), TransposedConv5(2 * w, w), PReLU(), self.last,
        )  # fmt: skip
        self._initialize(output_bias)

    def _initialize(self, output_bias: float) -> None:
        for layer in self.modules():
            if isinstance(layer, Conv5 | TransposedConv5):
                # a transposed convolution of stride 2 sums 25 / 4 products per input map
                share = 1 / 4 if isinstance(layer, TransposedConv5) else 1
                fan_in = layer.in_channels * 25 * share
                nn.init.normal_(layer.weight, std=(2 / fan_in) ** 0.5)
                layer.bias.data.zero_()
        self.last.bias.data.fill_(output_bias)

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        return list(self.encoder)

    def encode(self, x: Images) -> Symbols:
        rows, columns = STRIDE * self.grid[0] - x.shape[-2], STRIDE * self.grid[1] - x.shape[-1]
        if rows or columns:
            x = pad(x, (0, columns, 0, rows), mode="replicate")
        return to_symbols(self.encoder(x).flatten(1), self.symbols)

    def decode(self, y: Symbols) -> Images:
        maps = to_reals(y, self.maps * self.grid[0] * self.grid[1])
        maps = maps.view(-1, self.maps, *self.grid).contiguous(memory_format=torch.channels_last)
        image = self.decoder(maps).float().sigmoid()
        return image[..., : self.shape.height, : self.shape.width]
