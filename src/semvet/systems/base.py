"""The shape of a victim system: semantic encoder and decoder, trained together.

System          whatever happens between sender and receiver, in as many rounds as it takes
OneShotSystem   x -> encode -> modulate -> channel -> decode
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Generator, nn

from semvet.channels import Channel
from semvet.types import Draws, Features, Images, ImageShape, PerImage, Scalar, Symbols
from semvet.units import Decibels


@dataclass(frozen=True)
class Transmission:
    """What came of one differentiable forward pass."""

    received: Images
    features: Features  # the power-normalized symbols as sent, before any quantization
    terms: dict[str, Scalar] = field(default_factory=dict)  # weighted losses of the system itself
    uses: PerImage | None = None  # symbols spent on each image, where that is not always k


class System(nn.Module, ABC):
    """Images over a channel to images.

    Positional arguments of a constructor are what the world gives (here: the image's shape),
    keyword-only ones are its configuration, typed and with ranges; the command line, the YAML
    files and the documentation are made from them.

    A new system is in the state that it is evaluated in; `schedule` puts it into another one.

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
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels
    ) -> Transmission:
        """A pure function of parameters, images and noise; no image sees its batch mates."""

    @property
    @abstractmethod
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        """The encoder's convolutions with their activations, first to last (pruning needs them)."""

    def schedule(self, phase: int, share: float) -> None:
        """Called before every training step, and with (phases - 1, 1.0) after the last one.

        For annealing, freezing and loss weights that change. `share` of the phase is done.
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

    def modulate(self, latent: Symbols) -> Symbols:
        """What is sent for `latent`: the same, unless the alphabet is finite."""
        return latent

    def transmitter_terms(self, latent: Symbols) -> dict[str, Scalar]:
        """In training mode: weighted losses that need the latents of the batch and no more."""
        return {}

    @abstractmethod
    def decode(self, y: Symbols, capacity: PerImage) -> Images:
        """Images in [0, 1] from received symbols."""

    def transmit(
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels
    ) -> Transmission:
        capacity = channel.capacity(noise, snr_db=snr_db)
        latent = self.encode(x, capacity)
        y = channel(self.modulate(latent), noise, snr_db=snr_db)
        terms = self.transmitter_terms(latent) if self.training else {}
        return Transmission(self.decode(y, capacity), as_features(latent), terms)


def as_features(latent: Symbols) -> Features:
    return torch.cat([latent.real, latent.imag], dim=1)
