"""One convolution at each end."""

from typing import final

from torch import nn

from semvet.systems import OneShotSystem
from semvet.systems.symbols.power import symbol_count, to_reals, to_symbols
from semvet.types import BandwidthRatio, ImageShape


@final
class OneLayer(OneShotSystem):
    def __init__(self, shape, *, bandwidth_ratio: BandwidthRatio = 1 / 8):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        height, width = ((size + 3) // 4 for size in self.shape[1:])
        maps = -(-2 * self.symbols // (height * width))
        self.grid = (maps, height, width)
        self.encoder = nn.Conv2d(shape[0], maps, 5, stride=4, padding=2)
        self.decoder = nn.ConvTranspose2d(maps, shape[0], 4, stride=4)

    @property
    def encoder_convolutions(self):
        return [self.encoder]

    def encode(self, x, capacity):
        return to_symbols(self.encoder(x).flatten(1), self.symbols)

    def decode(self, y, capacity):
        maps, height, width = self.grid
        received = to_reals(y, maps * height * width).unflatten(1, self.grid)
        image = self.decoder(received).float().sigmoid()
        return image[:, :, : self.shape.height, : self.shape.width]
