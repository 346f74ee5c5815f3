"""A square of one colour: x' = m x + (1 - m) Delta, m = 0 on the square. BASS Eq. (1)."""

from typing import final

import torch
from torch import Tensor, nn

from semvet.errors import ConfigError
from semvet.types import ImageShape

COLOUR = (1.0, 0.0, 1.0)  # magenta, for colour images: rare in photographs


@final
class Patch(nn.Module):
    """White on grey images, coloured on colour images, at the upper left (BASS Fig. 3).

    Args:
        shape: of the images.
        side: of the square, in pixels.

    Raises:
        ConfigError: the square covers the image.
    """

    keep: Tensor  # m in Eq. (1), (chan, height, width): 1 keeps a pixel, 0 overwrites it
    pattern: Tensor  # Delta in Eq. (1)

    def __init__(self, shape: ImageShape, *, side: int):
        super().__init__()
        most = min(shape.height, shape.width) - 1
        if side > most:
            raise ConfigError(
                f"attack.side: a patch of {side} covers an image of {shape.height}x{shape.width}; "
                f"allowed: 1 to {most}"
            )
        keep, pattern = torch.ones(*shape), torch.zeros(*shape)
        keep[:, :side, :side] = 0
        colour = torch.tensor(COLOUR if shape.channels == 3 else [1.0] * shape.channels)
        pattern[:, :side, :side] = colour[:, None, None]
        self.register_buffer("keep", keep)
        self.register_buffer("pattern", pattern)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels in any scale whose maximum is 1 after division; here [0, 1] floats."""
        return self.keep * x + (1 - self.keep) * self.pattern  # Eq. (1)
