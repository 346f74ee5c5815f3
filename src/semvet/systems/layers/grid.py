"""Between images, feature maps and symbols: padding, cutting to 2k reals, and back.

    image --pad--> encoder --> maps --> 2k reals --> k symbols
    image <--crop-- decoder <-- maps <-- zero-filled reals <-- k symbols

A ratio need not be a whole number of feature maps (2/5 on 8x8 maps is not): there are enough maps,
and their first 2k reals are sent.
"""

from math import ceil
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import pad

from semvet.errors import ConfigError
from semvet.systems.symbols.power import to_reals, to_symbols
from semvet.types import Images, ImageShape, Symbols


@final
class Grid:
    """Args:
    shape: of the images.
    symbols: k.
    stride: image pixels per feature-map pixel, each way.

    Attributes:
        rows, columns: size of the feature maps.
        maps: how many of them hold 2k reals.

    Raises:
        ConfigError: the image is smaller than the stride.
    """

    def __init__(self, shape: ImageShape, symbols: int, *, stride: int):
        if min(shape.height, shape.width) < stride:
            raise ConfigError(
                f"data: images of {shape.height}x{shape.width} are smaller than this system's "
                f"stride of {stride} pixels; at least {stride}x{stride}, enlarge them (data.size)"
            )
        self.shape, self.symbols, self.stride = shape, symbols, stride
        self.rows, self.columns = ceil(shape.height / stride), ceil(shape.width / stride)
        self.maps = ceil(2 * symbols / (self.rows * self.columns))

    def pad(self, x: Images) -> Tensor:
        """Right and below by repetition, up to a multiple of the stride."""
        below = self.stride * self.rows - x.shape[-2]
        right = self.stride * self.columns - x.shape[-1]
        return pad(x, (0, right, 0, below), mode="replicate") if below or right else x

    def crop(self, x: Tensor) -> Images:
        return x[..., : self.shape.height, : self.shape.width]

    def to_symbols(self, maps: Tensor) -> Symbols:
        """(batch, maps, rows, columns) to k symbols of mean power 1 per image."""
        return to_symbols(maps.flatten(1), self.symbols)

    def to_maps(self, y: Symbols) -> Tensor:
        """(batch, maps, rows, columns), channels last, zero where nothing was sent."""
        reals = to_reals(y, self.maps * self.rows * self.columns)
        maps = reals.view(-1, self.maps, self.rows, self.columns)
        return maps.contiguous(memory_format=torch.channels_last)
