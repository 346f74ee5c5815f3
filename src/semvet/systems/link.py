"""Links: images in, images out. Clean, attacked and defended systems are links, so evaluation
exists once.

    evaluation:  received = link(x, rng=rng)
    training:    noise = link.draw(batch, rng=rng); made = link.transmit(x, noise)
                 made.received, made.features, made.terms
"""

from typing import Protocol, final, runtime_checkable

import torch
from torch import Generator, nn

from semvet.channels import Channel
from semvet.systems.base import System, Transmission
from semvet.types import Images, Noise


@runtime_checkable
class Link(Protocol):
    """What anybody may do with a deployed system."""

    def __call__(self, x: Images, *, rng: Generator) -> Images:
        """What the receiver gets, in [0, 1]. The output of an image ignores its batch mates."""
        ...


@final
class TrainableLink(nn.Module):
    """One system over one channel at one SNR.

    Args:
        system, channel: both ends, and what is between them.
        snr_db: average Es/N0 per complex symbol.
        snr_spread_db: in training mode, each step's SNR is uniform in snr_db +- this.
    """

    def __init__(
        self, system: System, channel: Channel, *, snr_db: float, snr_spread_db: float = 0.0
    ):
        super().__init__()
        self.system, self.channel = system, channel
        self.snr_db, self.snr_spread_db = snr_db, snr_spread_db

    def draw(self, batch: int, *, rng: Generator) -> Noise:
        """Everything random in one transmission of `batch` images."""
        noise = self.system.draw(self.channel, batch, rng=rng)
        if self.training and self.snr_spread_db:
            part = 2 * torch.rand((), generator=rng, device=rng.device) - 1
            noise["snr_db"] = self.snr_db + self.snr_spread_db * part
        return noise

    def transmit(self, x: Images, noise: Noise) -> Transmission:
        """One differentiable forward pass, a pure function of (parameters, images, noise)."""
        snr_db = noise.get("snr_db", self.snr_db)
        return self.system.transmit(x, self.channel, noise, snr_db=snr_db)

    def forward(self, x: Images, *, rng: Generator) -> Images:
        return self.transmit(x, self.draw(len(x), rng=rng)).received
