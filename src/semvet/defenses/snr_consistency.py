"""SNR consistency: simulate other channels. Does the output change with them?

    y_1..y_N = f(x) over simulated channels, `draws` at each of several SNRs below the link's
    score(x) = - mean over pixels of the variance of y_i over i, over the mean square of mean y_i

What the receiver sees of an image fades gradually; a target that was learned by heart stays until
the trigger is lost. So an output that hardly changes is suspicious. Bright images change more than
dark ones, hence the division.

Paper: none; after the idea of STRIP, with channel noise instead of other images.
Deviates: all of it is ours (D-035).
"""

from collections.abc import Sequence
from typing import Annotated, final

import torch
from annotated_types import Ge, Le, Len
from torch import Generator

from semvet.channels import OperatingPoint
from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.statistics.conformal import FalsePositives, detection_of
from semvet.errors import DefenseError
from semvet.systems.transceiver.detector import Points, Questions
from semvet.types import Draws, Images, ImageShape, PerImage

DROPS_DB = (0.0, 2.0, 4.0, 6.0)


@final
class Steadiness:
    """Minus the relative variance of what is received at SNRs of `drops_db` below the usual."""

    def __init__(self, drops_db: tuple[float, ...], *, draws: int):
        self.drops_db, self.copies = drops_db, draws

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        return {}

    def points(self, nominal: OperatingPoint | None) -> Points:
        """Raises DefenseError: the link does not say what channel it is used over."""
        if nominal is None:
            raise DefenseError(
                "snr-consistency: the link does not say what channel it is used over; allowed: a "
                "trained link itself; in a combination it must come earlier"
            )
        return [OperatingPoint(nominal.channel, nominal.snr_db - drop) for drop in self.drops_db]

    def questions(self, x: Images, draws: Draws) -> Questions:
        return x.repeat_interleave(self.copies, dim=0)

    def score(self, x: Images, answers: Sequence[Questions]) -> PerImage:
        y = torch.cat([answer.view(len(x), self.copies, -1) for answer in answers], dim=1)
        energy = y.mean(dim=1).square().mean(dim=1).clamp(min=1e-6)
        return -y.var(dim=1).mean(dim=1) / energy


@final
class SnrConsistency(Defense):
    """Args:
    drops_db: by how much the SNR is lowered, in simulation.
    draws: simulated channels at each of these SNRs.
    false_positives: share of benign images above the threshold.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(
        self,
        *,
        drops_db: Annotated[tuple[Annotated[float, Ge(0), Le(100)], ...], Len(1, 16)] = DROPS_DB,
        draws: Annotated[int, Ge(2), Le(100)] = 4,
        false_positives: FalsePositives = 0.01,
    ):
        self.statistic = self.steadiness = Steadiness(drops_db, draws=draws)
        self.false_positives = false_positives

    def apply(self, view: View, *, rng: Generator) -> Defended:
        detection = detection_of(
            self.steadiness, view.link, view.images,
            false_positives=self.false_positives, rng=rng,
        )  # fmt: skip
        return Defended(view.link, detection=detection)
