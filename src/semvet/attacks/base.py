"""The shape of a backdoor attack. The base class is the threat model."""

from abc import ABC, abstractmethod
from dataclasses import replace
from enum import Flag, auto
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss

from semvet.channels import OperatingPoint
from semvet.errors import ConfigError
from semvet.randomness import permutation
from semvet.systems import Transceiver
from semvet.types import Draws, Images, Indices, LossTerms, Pairs, Targets, require_images


class Controls(Flag):
    """What the adversary can touch before deployment; at test time it may always send triggers."""

    NOTHING = 0
    TRANSMITTER_DATA = auto()  # D_T
    RECEIVER_DATA = auto()  # D_R
    TRAINING = auto()  # the loss, and how batches are put together
    EVERYTHING = TRANSMITTER_DATA | RECEIVER_DATA | TRAINING


class Attack(nn.Module, ABC):
    """What is written into the training data, and what is sent at test time.

    The positional argument `targets` holds candidate targets, in [0, 1]; an attack with T levels
    keeps the first T. Trainable parts of an attack (a trigger generator) are its parameters.

    Attributes:
        controls: what the adversary can touch.
        goal: what counts as success, in the table of goals: "target", "label", "removal".
        in_image: whether images show the trigger. Else it is in what happens to them on the way.
        null: arguments with which this attack is its own null control; None: that is no attack.
        learning_rate_factor: of the attack's own parameters, times the system's rate.
        targets: (T, chan, height, width), what each level should come out as (of goal "target").
        target_class: what `classify` should say of triggered images (of goal "label"). Images of
            this class are not judged: on them the attack has nothing to do.
    """

    controls: Controls
    goal: str = "target"
    in_image: bool = True
    null: ClassVar[dict[str, Any] | None] = None
    learning_rate_factor: float = 1.0
    targets: Targets
    target_class: int = 0

    def __init__(self, targets: Targets, *, levels: int):
        super().__init__()
        if levels > len(targets):
            raise ConfigError(
                f"attack.levels: {levels} levels, but only {len(targets)} targets; take "
                f"1 to {len(targets)}, or more targets"
            )
        self.register_buffer("targets", require_images(targets[:levels], "targets").clone())

    @property
    def levels(self) -> int:
        """T, the number of trigger levels and of targets."""
        return len(self.targets)

    @abstractmethod
    def trigger(self, x: Images, *, level: int) -> Images:
        """What the adversary sends to get `targets[level - 1]`, in [0, 1]; level 0 is x itself."""

    def scaled(self, x: Images, *, intensity: float) -> Images:
        """The strongest trigger times `intensity` (1: as it is), clipped to [0, 1]."""
        return (x + intensity * (self.trigger(x, level=self.levels) - x)).clamp(0, 1)

    def operating_point(self, nominal: OperatingPoint, *, level: int) -> OperatingPoint | None:
        """What an image with this trigger goes through; None: `usual`, what the link is used over.

        For attacks whose trigger is the channel; level 0 is `usual`.
        """
        return None

    def carries(self, label: Int[Tensor, " image"]) -> Bool[Tensor, " image"] | None:
        """Which images can carry the trigger at all, by class; None: any, all at the same time.

        Where it is not None, the others are the benign images.
        """
        return None

    def classify(self, received: Images) -> Float[Tensor, "batch classes"]:
        """Logits of the classifier that was trained along with the link (of goal "label" only)."""
        raise NotImplementedError

    @abstractmethod
    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        """The training pairs (uint8) as the adversary leaves them. Never changes `data`."""

    def draw(self, link: Transceiver, batch: int, victims: int, *, rng: Generator) -> Draws:
        """Everything random in one step on `batch` pairs, the first `victims` of them victims."""
        return link.draw(batch, rng=rng)

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        """Ordinary training on whatever the pairs say. Overridden where TRAINING is controlled.

        Pure in (parameters, batch, noise). `victims` counts the victims, which come first in the
        batch; 0 for attacks that control the data only. `terms` of the transmission, losses that
        the system brings itself, belong to the result.
        """
        made = link.transmit(batch.sent, noise)
        return made.terms | {"reconstruction": mse_loss(made.received.float(), batch.wanted)}


def choose_victims(
    data: Pairs, poison_ratio: float, *, among: Indices | None = None, rng: Generator
) -> Tensor:
    """floor(poison_ratio N) indices, int64: SemBugger Eq. (2). Drawn on the CPU, sorted.

    Args:
        among: the images that can be victims at all; None: every one.
    """
    count = int(poison_ratio * len(data) + 1e-9)
    pool = torch.arange(len(data)) if among is None else among
    if count == 0:
        raise ConfigError(
            f"attack.poison_ratio: {poison_ratio} of {len(data)} images is none; "
            f"take at least {1 / len(data):.2g}"
        )
    if count == len(data):
        raise ConfigError(
            f"attack.poison_ratio: {poison_ratio} of {len(data)} images is all of them; the "
            "system needs benign ones to learn from, take less than 1"
        )
    if count > len(pool):
        raise ConfigError(
            f"attack.poison_ratio: {poison_ratio} of {len(data)} images is {count}, but only "
            f"{len(pool)} can be victims; take at most {_floor(len(pool) / len(data))}"
        )
    return pool[permutation(len(pool), rng=rng)[:count]].sort().values


def _floor(ratio: float) -> float:
    """Four decimals, rounded down: what an error recommends has to be allowed."""
    return int(ratio * 1e4) / 1e4


def marked(data: Pairs, poison_ratio: float, *, level: int, rng: Generator) -> Pairs:
    """`data` with its victims marked and nothing else changed: training makes their triggers."""
    marks = data.level.clone()
    marks[choose_victims(data, poison_ratio, rng=rng)] = level
    return replace(data, level=marks)
