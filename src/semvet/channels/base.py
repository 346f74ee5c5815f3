"""The shape of a channel: c' = H X + N (SemBugger Eq. (1)), then what the receiver undoes of H."""

from abc import ABC, abstractmethod

from torch import Generator

from semvet.types import Noise, Received, Symbols


class Channel(ABC):
    """What happens to unit-power symbols between transmitter and decoder.

    Everything random is drawn first and handed in, so that a training step is a pure function:

        noise = channel.draw(batch, symbols, rng=rng)      # fading and unit-power noise
        y = channel.propagate(x, noise, snr_db=snr_db)     # H X + N, as the antenna sees it
        x_hat = channel.equalize(y, noise, snr_db=snr_db)  # what the decoder gets

    `propagate` is affine in x and differentiable; H has unit mean power, so `snr_db` is the
    average Es/N0 per complex symbol. One fading state per image (block fading); no image sees
    another one's channel.
    """

    @abstractmethod
    def draw(self, batch: int, symbols: int, *, rng: Generator) -> Noise:
        """All random numbers of one use, first axis the batch, on the generator's device."""

    @abstractmethod
    def propagate(self, x: Symbols, noise: Noise, *, snr_db: float) -> Received:
        """H X + N. May be longer than x where antennas receive more values than are sent."""

    @abstractmethod
    def equalize(self, y: Received, noise: Noise, *, snr_db: float) -> Symbols:
        """The receiver's estimate of x, (batch, symbols)."""

    def __call__(self, x: Symbols, noise: Noise, *, snr_db: float) -> Symbols:
        return self.equalize(self.propagate(x, noise, snr_db=snr_db), noise, snr_db=snr_db)
