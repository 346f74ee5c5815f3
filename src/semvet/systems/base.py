"""The shape of a victim system: semantic encoder and decoder, trained together."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import nn

from semvet.types import Images, ImageShape, Symbols


class System(nn.Module, ABC):
    """Images to symbols and back.

    Positional arguments of a constructor are what the world gives (here: the image's shape),
    keyword-only ones are its configuration, typed and with ranges; the command line, the YAML
    files and the documentation are made from them.

    Attributes:
        shape: channels, height, width of the images.
        symbols: k, complex channel uses per image.
    """

    shape: ImageShape
    symbols: int

    @abstractmethod
    def encode(self, x: Images) -> Symbols:
        """k symbols of mean power 1 per image: S_alpha(S_beta(x)) in BASS, X in SemBugger (1)."""

    @abstractmethod
    def decode(self, y: Symbols) -> Images:
        """Images in [0, 1] from received symbols."""

    @property
    @abstractmethod
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        """The encoder's convolutions with their activations, first to last (pruning needs them)."""

    @property
    def bandwidth_ratio(self) -> float:
        """k/n: complex channel uses per real pixel value; the papers' CR is twice that."""
        return self.symbols / self.shape.pixels
