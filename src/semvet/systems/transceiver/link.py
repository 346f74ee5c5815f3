"""Links: images in, images out. Clean, attacked and defended systems are links, so evaluation
exists once.

    evaluation:  received = link(x, rng=rng)
                 received = link(x, rng=rng, at=OperatingPoint(...))     not at the nominal point
    training:    noise = link.draw(batch, rng=rng); made = link.transmit(x, noise)
                 made.received, made.features, made.terms
"""

import copy
from typing import Protocol, final, runtime_checkable

import torch
from torch import Generator, Tensor, nn

from semvet.channels import Channel, OperatingPoint
from semvet.systems.base import System, Transmission
from semvet.types import Draws, Images, Moment, Transform


@runtime_checkable
class Link(Protocol):
    """What anybody may do with a deployed system."""

    def __call__(self, x: Images, *, rng: Generator, at: OperatingPoint | None = None) -> Images:
        """What the receiver gets, in [0, 1]. The output of an image ignores its batch mates.

        `at` is what lies between both ends this time; None: what the link is deployed over. A
        link around another one hands it on.
        """
        ...


@final
class Transceiver(nn.Module):
    """One system over one channel at one SNR.

    Args:
        system, channel: both ends, and what is between them.
        snr_db: average Es/N0 per complex symbol.
        snr_spread_db: in training mode, each step's SNR is uniform in snr_db +- this.
    """

    before: tuple[Transform, ...] = ()  # what every image passes, in turn, before it is sent
    moment: Moment | None = None  # of the training that is under way
    observed: dict[str, Tensor] | None = None  # by this link's transmissions at that moment

    def __init__(
        self, system: System, channel: Channel, *, snr_db: float, snr_spread_db: float = 0.0
    ):
        super().__init__()
        self.system, self.nominal, self.snr_spread_db = (
            system,
            OperatingPoint(channel, snr_db),
            snr_spread_db,
        )

    def through(self, transform: Transform) -> "Transceiver":
        """This link, with the same parameters, for images that pass `transform` first."""
        other = copy.copy(self)
        object.__setattr__(other, "before", (transform, *self.before))  # nothing to be trained
        return other

    def during(self, moment: Moment) -> "Transceiver":
        """This link, with the same parameters, at a moment of its training.

        What its transmissions observe is in `observed`, for whoever trains it to settle.
        """
        other = copy.copy(self)
        object.__setattr__(other, "moment", moment)
        object.__setattr__(other, "observed", {})
        return other

    def draw(self, batch: int, *, rng: Generator, at: OperatingPoint | None = None) -> Draws:
        """Everything random in one transmission of `batch` images."""
        noise = self.system.draw((at or self.nominal).channel, batch, rng=rng)
        if self.training and self.snr_spread_db and at is None:
            part = 2 * torch.rand((), generator=rng, device=rng.device) - 1
            noise["snr_db"] = self.nominal.snr_db + self.snr_spread_db * part
        for i, transform in enumerate(self.before):
            drawn = transform.draw(batch, self.system.shape, rng=rng)
            noise |= {f"before {i}/{name}": value for name, value in drawn.items()}
        return noise

    def transmit(
        self, x: Images, noise: Draws, *, at: OperatingPoint | None = None
    ) -> Transmission:
        """One differentiable forward pass, a pure function of (parameters, images, noise)."""
        at = at or self.nominal
        for i, transform in enumerate(self.before):
            x = transform(x, taken(noise, f"before {i}/"))
        snr_db = noise.get("snr_db", at.snr_db)
        made = self.system.transmit(x, at.channel, noise, snr_db=snr_db, moment=self.moment)
        if self.observed is not None:
            self.observed.update(made.observed)
        return made

    def forward(self, x: Images, *, rng: Generator, at: OperatingPoint | None = None) -> Images:
        return self.transmit(x, self.draw(len(x), rng=rng, at=at), at=at).received


def taken(noise: Draws, prefix: str) -> Draws:
    """The entries that begin with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in noise.items() if k.startswith(prefix)}
