"""The shape of a defense. It sees what its vantage point owns, and never the attack."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Any, ClassVar

from torch import Generator

from semvet.systems import Link
from semvet.types import Flags, Images, PerImage, Transform

IsHit = Callable[[Images], Flags]  # does the receiver's image count as an attack's target?


class Vantage(Flag):
    """Where a defense stands."""

    TRANSMITTER = auto()  # x and the encoder
    RECEIVER = auto()  # symbols and the decoder
    AUDITOR = auto()  # weights, unlabelled training images that may be poisoned
    TRAINER = auto()  # the training itself


@dataclass(frozen=True)
class View:
    """What a vantage point owns. `stages.defend` fills in no more than the vantage allows."""

    link: Link  # the deployed system, to send images through


@dataclass(frozen=True)
class Certificate:
    """What is guaranteed for single images, with confidence 1 - alpha each."""

    radius: PerImage  # L2, pixel units; 0 where nothing is certified
    safe_share: PerImage  # share of the votes for "no attack"; below 1/2 the vote itself is lost
    alpha: float
    copies: int


@dataclass(frozen=True)
class Defended:
    """A link to use instead of the old one, and what the defense learned on the way."""

    link: Link
    channel_uses_factor: float = 1.0  # transmissions per image
    findings: dict[str, Any] = field(default_factory=dict)  # plain numbers, for the report
    certify: Callable[[Images, IsHit, Generator], Certificate] | None = None


class Defense(ABC):
    """Keyword-only constructor arguments are the configuration."""

    vantage: ClassVar[Vantage]
    transform: Transform | None = None  # of an image before it is sent; attackers may know it

    @abstractmethod
    def apply(self, view: View, *, rng: Generator) -> Defended:
        """Does not change `view.link`; works on a copy if it must."""
