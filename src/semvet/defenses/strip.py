"""STRIP: lay other images over this one. Does the output still change?

    b_1..b_N own images,   y_j = f(clip(x + strength b_j)),   j = 1..N
    score(x) = - mean over pixels of the variance of y_j over j

A trigger wins over whatever is laid over it: the output stays at the target while the image that
is sent does not. So little dispersion is suspicious, and the score is its negative.

Paper: Gao et al., "STRIP: A Defence Against Trojan Attacks on Deep Neural Networks", ACSAC 2019.
Deviates: STRIP looks at the entropy of predicted classes; here the output is an image. N = 16
    instead of 100 (D-035).
"""

from collections.abc import Sequence
from typing import Annotated, final

from annotated_types import Ge, Gt, Le
from torch import Generator

from semvet.channels import OperatingPoint
from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.statistics.conformal import FalsePositives, detection_of
from semvet.randomness import permutation
from semvet.systems.transceiver.detector import Points, Questions
from semvet.types import Draws, Images, ImageShape, PerImage


@final
class Sameness:
    """Minus the dispersion of what an image is received as under the `overlays`."""

    def __init__(self, overlays: Images):
        self.overlays, self.copies = overlays, len(overlays)

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        return {}

    def points(self, nominal: OperatingPoint | None) -> Points:
        return (None,)

    def questions(self, x: Images, draws: Draws) -> Questions:
        return (x[:, None] + self.overlays).clamp(0, 1).flatten(0, 1)

    def score(self, x: Images, answers: Sequence[Questions]) -> PerImage:
        y = answers[0].view(len(x), self.copies, *x.shape[1:])
        return -y.var(dim=1).mean(dim=(1, 2, 3))


@final
class Strip(Defense):
    """`statistic` is None: the overlays are the defender's own images, which no attacker has.

    Args:
        overlays: N, images that are laid over each image.
        strength: what their pixels are multiplied by.
        false_positives: share of benign images above the threshold.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(
        self,
        *,
        overlays: Annotated[int, Ge(2), Le(1000)] = 16,
        strength: Annotated[float, Gt(0), Le(1)] = 1.0,
        false_positives: FalsePositives = 0.01,
    ):
        self.overlays, self.strength, self.false_positives = overlays, strength, false_positives

    def apply(self, view: View, *, rng: Generator) -> Defended:
        """The overlays do not count for the threshold."""
        own = view.images[permutation(len(view.images), rng=rng)]
        sameness = Sameness(self.strength * own[: self.overlays])
        detection = detection_of(
            sameness, view.link, own[self.overlays :],
            false_positives=self.false_positives, rng=rng,
        )  # fmt: skip
        return Defended(view.link, detection=detection)
