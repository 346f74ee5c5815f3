"""The shape of a defense. It sees what its vantage point owns, and never the attack.

    view      = what the vantage point owns (made by `defending.world`)
    defended  = defense.apply(view, rng=rng)
    y         = defended.link(x, rng=rng)                 the system as it is used from now on

A defense may also judge single images (`Detector`), change what is sent (`Transform`), or train
anew (`Training`). The first two are attributes of the defense, so that attackers who know the
defense can be given them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Any, Protocol, final, runtime_checkable

from jaxtyping import Float
from torch import Generator, Tensor

from semvet.errors import DefenseError
from semvet.records import Exhibit
from semvet.records.run import Findings
from semvet.systems import Detector, Link, Transceiver
from semvet.types import Flags, Images, Indices, Pairs, PerImage, Transform

IsHit = Callable[[Images], Flags]  # does the receiver's image count as an attack's target?
MOST_IMAGES = 2000  # that a defense is given, as BASS Sec. V has it


class Vantage(Flag):
    """Where a defense stands. Everybody may send images through the link and sees what arrives."""

    TRANSMITTER = auto()  # the images that it sent before, in training: some may carry triggers
    RECEIVER = auto()  # the link alone
    AUDITOR = auto()  # weights, the same images, reference systems that it trained itself
    TRAINER = auto()  # weights, all training pairs, the training itself


OWNERS = {
    "images": Vantage.TRANSMITTER | Vantage.AUDITOR | Vantage.TRAINER,
    "system": Vantage.AUDITOR | Vantage.TRAINER,
    "references": Vantage.AUDITOR,
    "training": Vantage.TRAINER,
}


@runtime_checkable
class Retrainer(Protocol):
    """The training of the system, for whoever owns it. What an adversary did to the data stays
    done, and one who controls the loss still does."""

    @property
    def pairs(self) -> Pairs:
        """D_T and D_R as the trainer gets them (uint8); `level` is 0 everywhere: nobody tells."""
        ...

    def again(
        self, record: dict[str, Any], *, keep: Indices | None = None,
        before: Transform | None = None,
    ) -> Transceiver:  # fmt: skip
        """The same training from the start, kept in the store.

        Args:
            record: plain values that say what is different, for the training's identity.
            keep: pairs to train on; None: all of them.
            before: what the images of a batch pass before they are sent; their labels do not.
        """
        ...

    def split(self, *, parties: int, timeout_s: float) -> tuple[Transceiver, dict[str, Any]]:
        """U-shaped split training by one process or two, and what it says of itself.

        Raises DefenseError for a system that does not come apart, and for a peer that dies or lies.
        """
        ...


@final
class View:
    """What a vantage point owns. Asking for more is a DefenseError that says whose it is.

    Args:
        vantage: where the defense stands.
        link: the deployed system, to send images through.
        images: at most 2,000 training images as they were sent, without labels, in [0, 1].
        references: trains so many clean systems on public data.
        training: the training itself.
    """

    def __init__(
        self, vantage: Vantage, link: Link, *, images: Images | None = None,
        references: Callable[[int], Sequence[Transceiver]] | None = None,
        training: Retrainer | None = None,
    ):  # fmt: skip
        self.vantage, self.link = vantage, link
        self._images, self._references, self._training = images, references, training

    @property
    def images(self) -> Images:
        return self._owned("images", self._images)

    @property
    def system(self) -> Transceiver:
        """Weights and all. To be copied before anything is changed."""
        if not isinstance(self.link, Transceiver):
            raise DefenseError(
                f"this defense works on a system's weights, but gets them wrapped by "
                f"{type(self.link).__name__}; in a combination it must come earlier"
            )
        return self._owned("system", self.link)

    def references(self, count: int) -> Sequence[Transceiver]:
        """`count` clean systems of the same kind. Training them takes its time, once."""
        return self._owned("references", self._references)(count)

    @property
    def training(self) -> Retrainer:
        return self._owned("training", self._training)

    def narrowed(self, vantage: Vantage, link: Link) -> "View":
        """The part of this view that `vantage` owns, with another link in use.

        Raises DefenseError for a vantage point that owns more than this one does.
        """
        if vantage & ~self.vantage:
            raise DefenseError(
                f"{_names(self.vantage)} cannot look from {_names(vantage)}; allowed: a vantage "
                "point, or a part of it, that the defense declares"
            )
        return view_of(
            vantage, link, images=self._images, references=self._references,
            training=self._training,
        )  # fmt: skip

    def _owned(self, what: str, value: Any) -> Any:
        if not OWNERS[what] & self.vantage:
            raise DefenseError(
                f"{_names(self.vantage)} has no {what}; allowed: a defense that stands at "
                f"{_names(OWNERS[what])}"
            )
        if value is None:
            raise DefenseError(f"{what}: not there in this run")
        return value


def view_of(
    vantage: Vantage, link: Link, *, images: Images | None,
    references: Callable[[int], Sequence[Transceiver]] | None, training: Retrainer | None,
) -> View:  # fmt: skip
    """Holds what `vantage` owns of all that, and nothing else."""

    def owned(what: str, value: Any) -> Any:
        return value if OWNERS[what] & vantage else None

    return View(
        vantage, link, images=owned("images", images),
        references=owned("references", references), training=owned("training", training),
    )  # fmt: skip


def _names(vantage: Vantage) -> str:
    return ", ".join(one.name.lower() for one in vantage if one.name)


@dataclass(frozen=True)
class Detection:
    """A detector in use."""

    score: Callable[[Images, Generator], PerImage]
    threshold: float  # above it, an image is not sent; from the defense's own images


@dataclass(frozen=True)
class Suspicion:
    """What a defense thinks of the training images that it was given, in their order."""

    score: PerImage  # higher is more suspicious
    flagged: Flags
    all_pairs: bool = False  # of the training's pairs; else of the view's images


@dataclass(frozen=True)
class Certificate:
    """What is guaranteed for single images, with confidence 1 - alpha each."""

    radius: PerImage  # L2, pixel units; 0 where nothing is certified
    safe_share: PerImage  # share of the votes for "no attack"; below 1/2 the vote itself is lost
    alpha: float
    copies: int


@dataclass(frozen=True)
class Hindsight:
    """What only somebody who knows the attack can measure with. A defense gets it when its work is
    done and measured, to say what it could have known."""

    x: Images  # benign test images
    trigger: Callable[[Images], Images]  # the strongest one
    target: Float[Tensor, "chan height width"]  # what triggered images should come out as


LookBack = Callable[[Hindsight, Generator], tuple[Findings, tuple[Exhibit, ...]]]


@dataclass(frozen=True)
class Defended:
    """A link to use instead of the old one, and what the defense learned on the way.

    A link that is a Transceiver other than the old one is a hardened system: it is saved.
    """

    link: Link
    channel_uses_factor: float = 1.0  # transmissions per image
    findings: Findings = field(default_factory=dict)  # plain numbers and lists of them
    exhibits: tuple[Exhibit, ...] = ()  # what there is to show, for the report
    pictures: dict[str, Tensor] = field(default_factory=dict)  # images that exhibits name
    look_back: LookBack | None = None
    certify: Callable[[Images, IsHit, Generator], Certificate] | None = None
    detection: Detection | None = None
    suspicion: Suspicion | None = None


class Defense(ABC):
    """Keyword-only constructor arguments are the configuration.

    Attributes:
        vantage: where it stands.
        transform: what it does to an image before it is sent; attackers may know it.
        statistic: what it looks at in an image that is about to be sent; attackers may know it.
    """

    vantage: Vantage
    transform: Transform | None = None
    statistic: Detector | None = None

    def refuse(self, link: Transceiver) -> None:  # noqa: B027  # most work on any system
        """Called with an untrained link, before hours are spent on training one.

        Raises DefenseError for a system that the defense cannot work on, with the way out.
        """

    @abstractmethod
    def apply(self, view: View, *, rng: Generator) -> Defended:
        """Does not change `view.link`; works on a copy if it must. Never sees a test image."""
