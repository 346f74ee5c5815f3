"""The shape of a channel: c' = H X + N (SemBugger Eq. (1)), then what the receiver undoes of H."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Generator

from semvet.types import Draws, PerImage, Received, Symbols
from semvet.units import Decibels


class Channel(ABC):
    """What happens to unit-power symbols between transmitter and decoder.

    Everything random is drawn first and handed in, so that a training step is a pure function:

        noise = channel.draw(batch, symbols, rng=rng)      # fading and unit-power noise
        y = channel.propagate(x, noise, snr_db=snr_db)     # H X + N, as the antenna sees it
        x_hat = channel.equalize(y, noise, snr_db=snr_db)  # what the decoder gets
        C = channel.capacity(noise, snr_db=snr_db)         # what both ends know of the channel

    `propagate` is affine in x and differentiable; H has unit mean power, so `snr_db` is the
    average Es/N0 per complex symbol. One fading state per image (block fading); no image sees
    another one's channel.
    """

    lasting: ClassVar[tuple[str, ...]] = ()  # entries of the noise that outlast a single use

    @abstractmethod
    def draw(self, batch: int, symbols: int, *, rng: Generator) -> Draws:
        """All random numbers of one use, first axis the batch, on the generator's device."""

    @abstractmethod
    def propagate(self, x: Symbols, noise: Draws, *, snr_db: Decibels) -> Received:
        """H X + N. May be longer than x where antennas receive more values than are sent."""

    @abstractmethod
    def equalize(self, y: Received, noise: Draws, *, snr_db: Decibels) -> Symbols:
        """The receiver's estimate of x, (batch, symbols)."""

    @abstractmethod
    def capacity(self, noise: Draws, *, snr_db: Decibels) -> PerImage:
        """Bits that an ideal code brings through per complex symbol, log2(1 + |h|^2 Es/N0).

        Of each image's own fading state where the receiver knows it, else at the average SNR.
        """

    def draw_again(self, noise: Draws, symbols: int, *, rng: Generator) -> Draws:
        """Another use, with noise of its own, while the fading of `noise` lasts."""
        batch = len(next(iter(noise.values())))
        fresh = self.draw(batch, symbols, rng=rng)
        return {**fresh, **{name: noise[name] for name in self.lasting}}

    def __call__(self, x: Symbols, noise: Draws, *, snr_db: Decibels) -> Symbols:
        return self.equalize(self.propagate(x, noise, snr_db=snr_db), noise, snr_db=snr_db)


@dataclass(frozen=True)
class OperatingPoint:
    """What lies between both ends: a channel at an average Es/N0 per complex symbol."""

    channel: Channel
    snr_db: float
