"""Detectors: what is asked of a link about an image that is about to be sent, and what the answers
say.

    draws     = detector.draw(len(x), shape, rng=rng)
    questions = detector.questions(x, draws)
    answers   = [link(questions, rng=rng, at=at) for at in detector.points(nominal)]
    score     = detector.score(x, answers)

Whoever asks owns the link: the evaluation sends the questions through whatever is deployed, an
attacker who knows the detector through the link that it trains, with draws made before the step.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Generator, Tensor

from semvet.channels import OperatingPoint
from semvet.types import Draws, Images, ImageShape, PerImage

Points = Sequence[OperatingPoint | None]  # None: what the link is used over
Questions = Float[Tensor, "questions chan height width"]  # `copies` for each image


@runtime_checkable
class Detector(Protocol):
    """How suspicious an image is. Differentiable in the image and the link's parameters; the score
    of an image ignores its batch mates.

    Attributes:
        copies: questions about an image, each of which is sent at every point.
    """

    copies: int

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        """Everything random in the questions about `batch` images."""
        ...

    def points(self, nominal: OperatingPoint | None) -> Points:
        """Where the questions are sent, one transmission each.

        Args:
            nominal: what the link is used over; None: it does not say.
        """
        ...

    def questions(self, x: Images, draws: Draws) -> Questions:
        """`copies` images for each one, next to each other."""
        ...

    def score(self, x: Images, answers: Sequence[Questions]) -> PerImage:
        """Higher is more suspicious.

        Args:
            answers: what the questions were received as, point by point.
        """
        ...
