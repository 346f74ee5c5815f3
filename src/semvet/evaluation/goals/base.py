"""The shape of a goal: what an adversary wants the receiver to end up with, and who judges it.

    aim = aim_of(attack)
    aim.judged(images)                    the test images that count at all
    aim.wanted(images, x_k, level=k)      what the receiver should see
    aim.judges(one, clean, ...)           when a received image counts as a success
    aim.words                             what all of this is called

A judge scores received images and holds the scores against thresholds. One is made for each
undefended system and handed to everybody else, never refitted:

    hit of level k:  argmax_j score_j(y) = k  and  score_k(y) >= tau_k
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from jaxtyping import Bool, Float
from torch import Tensor

from semvet.attacks import Attack
from semvet.both import Both
from semvet.data import ImageSet
from semvet.evaluation.images import EvaluationImages
from semvet.records import Table, Words
from semvet.systems import Transceiver
from semvet.types import Flags, Images, Targets

MOST_CALIBRATION = 1000  # benign images that a judge is made from, as SemBugger has it
Scores = Float[Tensor, "batch outcomes"]
Thresholds = Float[Tensor, " outcomes"]  # tau


class Judge(ABC):
    """Scores received images and holds the scores against thresholds."""

    rule: str
    thresholds: Thresholds

    @abstractmethod
    def scores(self, received: Images) -> Scores:
        """One column per outcome that the attack may want; higher is more like it."""

    def benign_scores(self, received: Images) -> Scores:
        """Of images that were sent without a trigger."""
        return self.scores(received)

    def reached(self, scores: Scores) -> Bool[Tensor, "batch outcomes"]:
        """Which outcomes reach their threshold, whether or not they are the nearest."""
        return scores >= self.thresholds

    def hits(self, scores: Scores, level: int) -> Flags:
        """Success of trigger level k (1-based): outcome k is the nearest and near enough."""
        return (scores.argmax(dim=1) == level - 1) & self.reached(scores)[:, level - 1]

    def any_hit(self, received: Images) -> Flags:
        """j of Theorem 3: any outcome reaches its threshold."""
        return self.reached(self.scores(received)).any(dim=1)


@dataclass(frozen=True)
class Judges:
    """The one that figures come from, and others beside it, by the name of their rule."""

    headline: Judge
    by_rule: Mapping[str, Judge] = field(default_factory=dict)


@dataclass(frozen=True)
class JudgePlan:
    """How judges are made.

    Args:
        rule, alpha: of the headline.
        calibration: benign images that nobody was trained or is tested on.
        seed: of the run.
    """

    rule: str
    alpha: float
    calibration: Images
    seed: int


@dataclass(frozen=True)
class UnderTest:
    """A trained system, with the attack as it was trained along with it."""

    link: Transceiver
    attack: Attack


@dataclass(frozen=True)
class Heard:
    """What one system made of the test images, and its judge."""

    judge: Judge
    received: Images
    label: Tensor  # of the images that were received
    received_triggered: list[Images]


class Aim(ABC):
    """One attack's goal.

    Attributes:
        name: in the table of goals, as the attack names it.
        words: what it is called.
        targets: the images that each level should come out as; None where the goal is no image.
    """

    name: ClassVar[str]
    words: ClassVar[Words]
    targets: Targets | None = None

    def __init__(self, attack: Attack):
        self.attack = attack

    def require(self, rule: str, calibration: int, *, alpha: float) -> None:  # noqa: B027
        """Raises ConfigError if `calibration` images are too few for the judge of this rule."""

    def judged(self, images: ImageSet) -> ImageSet:
        """The test images on which the attack has anything to do."""
        return images

    @abstractmethod
    def wanted(self, images: EvaluationImages, triggered: Images, *, level: int) -> Images:
        """What the receiver should see of each of `triggered`."""

    @abstractmethod
    def judges(
        self, one: UnderTest, clean: UnderTest, images: EvaluationImages, plan: JudgePlan
    ) -> Judges:
        """Of system `one`, whose null control is `clean`."""

    @abstractmethod
    def wanted_class(self, level: int, candidates: Sequence[int]) -> int:
        """What a classifier that never saw the attack calls a success; -1 where that says nothing.

        Args:
            candidates: classes of the candidate targets, -1 where one has none.
        """

    def details(self, heard: Both[Heard]) -> Table | None:
        """What there is to say beside ASR; None: nothing."""
        return None

    def facts(self, heard: Both[Heard], asr: Both[Sequence[float]]) -> str | None:
        """The success in half a sentence, where ASR alone does not say what it means."""
        return None
