"""identity: no codec and no channel. What is sent is received.

A reference line, and the null of every attack: nothing is learned, so no backdoor can be. Defenses
that work on the picture show here what they cost an ideal transmitter.

Deviates: counted as uncoded transmission, two pixel values per symbol (k/n 1/2), although no symbol
    meets the channel; its features are the pixels as such symbols.
"""

from collections.abc import Sequence
from math import ceil
from typing import final

from torch import Generator, nn

from semvet.channels import Channel
from semvet.systems.base import System, Transmission, as_features
from semvet.systems.symbols.power import to_symbols
from semvet.types import Draws, Images, ImageShape, Moment
from semvet.units import Decibels


@final
class Identity(System):
    """No arguments, no parameters."""

    learned = False

    def __init__(self, shape: ImageShape):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = ceil(self.shape.pixels / 2)

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        return []

    def draw(self, channel: Channel, batch: int, *, rng: Generator) -> Draws:
        return {}

    def transmit(
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels,
        moment: Moment | None = None,
    ) -> Transmission:  # fmt: skip
        return Transmission(x, as_features(to_symbols(x.flatten(1), self.symbols)))
