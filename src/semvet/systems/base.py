"""The shape of a victim system: semantic encoder and decoder, trained together.

System          whatever happens between sender and receiver, in as many rounds as it takes
OneShotSystem   x -> encode -> modulate -> channel -> decode
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Generator, Tensor, nn

from semvet.channels import Channel
from semvet.types import (
    Draws,
    Features,
    Images,
    ImageShape,
    LossTerms,
    Moment,
    PerImage,
    Symbols,
)
from semvet.units import Decibels


@dataclass(frozen=True)
class Transmission:
    """What came of one differentiable forward pass."""

    received: Images
    features: Features  # the power-normalized symbols as sent, before any quantization
    terms: LossTerms = field(default_factory=dict)  # weighted losses of the system itself
    uses: PerImage | None = None  # symbols spent on each image, where that is not always k
    observed: dict[str, Tensor] = field(default_factory=dict)  # for `settle`, in training mode


class System(nn.Module, ABC):
    """Images over a channel to images.

    Positional arguments of a constructor are what the world gives (here: the image's shape),
    keyword-only ones are its configuration, typed and with ranges; the command line, the YAML
    files and the documentation are made from them.

    Attributes:
        shape: channels, height, width of the images.
        symbols: k, complex channel uses per image (their budgeted mean, where they vary).
        phases: how many learning-rate cycles the training is divided into, all equally long.
        learned: False for reference lines, where a constant output is an outage, not a collapse.
    """

    shape: ImageShape
    symbols: int
    phases: int = 1
    learned: bool = True

    def draw(self, channel: Channel, batch: int, *, rng: Generator) -> Draws:
        """Everything random in one transmission of `batch` images."""
        return channel.draw(batch, self.symbols, rng=rng)

    @abstractmethod
    def transmit(
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels,
        moment: Moment | None = None,
    ) -> Transmission:  # fmt: skip
        """A pure function of all this and the parameters; no image sees its batch mates.

        Args:
            moment: where a training is; None: the system as it is used, before and after one.
        """

    @property
    @abstractmethod
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        """The encoder's convolutions with their activations, first to last (pruning needs them)."""

    def trained_in(self, phase: int) -> Iterable[nn.Parameter]:
        """What is trained in this phase; all other parameters stay as they are."""
        return self.parameters()

    def settle(self, observed: dict[str, Tensor]) -> None:
        """Called after every training step with what its transmissions observed.

        For running means; buffers change nowhere else.
        """

    @property
    def bandwidth_ratio(self) -> float:
        """k/n: complex channel uses per real pixel value; the papers' CR is twice that."""
        return self.symbols / self.shape.pixels


class OneShotSystem(System):
    """Encoder, one channel use, decoder.

    Both ends know `capacity`, log2(1 + |h|^2 Es/N0) of each image's channel, in bits per symbol;
    a network without channel adaptation ignores it.
    """

    @abstractmethod
    def encode(self, x: Images, capacity: PerImage) -> Symbols:
        """k symbols of mean power 1 per image: S_alpha(S_beta(x)) in BASS, X in SemBugger (1)."""

    def modulate(self, latent: Symbols, *, moment: Moment | None = None) -> Symbols:
        """What is sent for `latent`: the same, unless the alphabet is finite."""
        return latent

    def transmitter_terms(self, latent: Symbols, *, moment: Moment | None = None) -> LossTerms:
        """In training mode: weighted losses that need the latents of the batch and no more."""
        return {}

    def observe(self, latent: Symbols) -> dict[str, Tensor]:
        """In training mode: what `settle` needs to know of the batch."""
        return {}

    @abstractmethod
    def decode(self, y: Symbols, capacity: PerImage) -> Images:
        """Images in [0, 1] from received symbols."""

    def transmit(
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels,
        moment: Moment | None = None,
    ) -> Transmission:  # fmt: skip
        capacity = channel.capacity(noise, snr_db=snr_db)
        latent = self.encode(x, capacity)
        y = channel(self.modulate(latent, moment=moment), noise, snr_db=snr_db)
        made = Transmission(self.decode(y, capacity), as_features(latent))
        if not self.training:
            return made
        terms = self.transmitter_terms(latent, moment=moment)
        return replace(made, terms=terms, observed=self.observe(latent))


def as_features(latent: Symbols) -> Features:
    return torch.cat([latent.real, latent.imag], dim=1)
