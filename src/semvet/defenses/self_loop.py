"""Self-loop: decode one's own symbols before anybody else does.

    y = f(x) over a simulated channel,   score(x) = mean squared error of y and x

The baseline that every other detector must beat: a backdoor that changes what the receiver sees
changes it here too. It takes a copy of the receiver's decoder and sends nothing over the air; what
it cannot see is a trigger that lies in the air itself.

Paper: none.
Deviates: all of it is ours (D-035). Mean squared error orders images as minus PSNR does, and is
    differentiable where nothing is lost.
"""

from collections.abc import Sequence
from typing import final

from torch import Generator

from semvet.channels import OperatingPoint
from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.statistics.conformal import FalsePositives, detection_of
from semvet.metrics.psnr import mse
from semvet.systems.transceiver.detector import Points, Questions
from semvet.types import Draws, Images, ImageShape, PerImage


@final
class LoopError:
    """Mean squared error of an image as it comes back."""

    copies = 1

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        return {}

    def points(self, nominal: OperatingPoint | None) -> Points:
        return (None,)

    def questions(self, x: Images, draws: Draws) -> Questions:
        return x

    def score(self, x: Images, answers: Sequence[Questions]) -> PerImage:
        return mse(answers[0], x)


@final
class SelfLoop(Defense):
    """Args:
    false_positives: share of benign images above the threshold.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(self, *, false_positives: FalsePositives = 0.01):
        self.statistic = self.error = LoopError()
        self.false_positives = false_positives

    def apply(self, view: View, *, rng: Generator) -> Defended:
        detection = detection_of(
            self.error, view.link, view.images, false_positives=self.false_positives, rng=rng
        )
        return Defended(view.link, detection=detection)
