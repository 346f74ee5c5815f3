"""Links: images in, images out. Clean, attacked and defended systems are links, so evaluation
exists once.

    evaluation:  received = link(x, rng=rng)
    training:    noise = link.draw(batch, rng=rng); received, features = link.transmit(x, noise)
"""

from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol, final, runtime_checkable

import torch
from torch import Generator, nn

from semvet.channels import Channel
from semvet.systems.base import System
from semvet.types import Features, Images, Noise


@runtime_checkable
class Link(Protocol):
    """What anybody may do with a deployed system."""

    def __call__(self, x: Images, *, rng: Generator) -> Images:
        """What the receiver gets, in [0, 1]. The output of an image ignores its batch mates."""
        ...


class Transmission(NamedTuple):
    received: Images
    features: Features  # the power-normalized symbols as sent


class TrainableLink(nn.Module, ABC):
    """A link whose forward pass is a pure function of (parameters, images, noise)."""

    channel_uses: int  # complex symbols spent on one image
    bandwidth_ratio: float  # of them per real pixel value, k/n

    @abstractmethod
    def draw(self, batch: int, *, rng: Generator) -> Noise:
        """Everything random in one transmission of `batch` images."""

    @abstractmethod
    def transmit(self, x: Images, noise: Noise) -> Transmission:
        """One differentiable forward pass."""

    def forward(self, x: Images, *, rng: Generator) -> Images:
        return self.transmit(x, self.draw(len(x), rng=rng)).received


@final
class OneShotLink(TrainableLink):
    """One system, one channel, one SNR: x -> encode -> channel -> decode."""

    def __init__(self, system: System, channel: Channel, *, snr_db: float):
        super().__init__()
        self.system, self.channel, self.snr_db = system, channel, snr_db
        self.channel_uses, self.bandwidth_ratio = system.symbols, system.bandwidth_ratio

    def draw(self, batch: int, *, rng: Generator) -> Noise:
        return self.channel.draw(batch, self.system.symbols, rng=rng)

    def transmit(self, x: Images, noise: Noise) -> Transmission:
        sent = self.system.encode(x)
        received = self.system.decode(self.channel(sent, noise, snr_db=self.snr_db))
        return Transmission(received, torch.cat([sent.real, sent.imag], dim=1))
