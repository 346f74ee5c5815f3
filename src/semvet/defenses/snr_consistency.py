"""SNR consistency: simulate worse channels. Does the output get worse with them?

    y_0 = f(x) at the link's SNR,   y_i = f(x) at the link's SNR - drop_i
    score(x) = - mean over i and pixels of (y_i - y_0)^2, over the mean over pixels of y_0^2

What the receiver sees of an image fades gradually; a target that was learned by heart stays until
the trigger is lost. So an output that hardly changes is suspicious. Bright images change more than
dark ones, hence the division.

Paper: none; after the idea of STRIP, with channel noise instead of other images.
Deviates: all of it is ours (D-035).
"""

from typing import Annotated, final

import torch
from annotated_types import Gt, Le, Len
from torch import Generator

from semvet.channels import Air
from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.conformal import FalsePositives, detection_of
from semvet.errors import DefenseError
from semvet.metrics.psnr import mse
from semvet.systems import Link, TrainableLink
from semvet.types import Images, PerImage


@final
class Steadiness:
    """Minus the relative change of what is received when the SNR drops."""

    def __init__(self, drops_db: tuple[float, ...]):
        self.drops_db = drops_db

    def __call__(self, link: Link, x: Images, *, rng: Generator) -> PerImage:
        """Raises DefenseError: the link does not say what channel it is used over."""
        if not isinstance(link, TrainableLink):
            raise DefenseError(
                f"snr-consistency: {type(link).__name__} does not say what channel it is used "
                "over; allowed: a trained link itself; in a combination it must come earlier"
            )
        usual = link(x, rng=rng)
        airs = [Air(link.air.channel, link.air.snr_db - drop) for drop in self.drops_db]
        change = torch.stack([mse(link(x, rng=rng, air=air), usual) for air in airs]).mean(dim=0)
        return -change / usual.square().mean(dim=(1, 2, 3)).clamp(min=1e-6)


@final
class SnrConsistency(Defense):
    """Args:
    drops_db: by how much the SNR is lowered, in simulation.
    false_positives: share of benign images above the threshold.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(
        self,
        *,
        drops_db: Annotated[tuple[Annotated[float, Gt(0), Le(100)], ...], Len(1, 16)] = (
            10.0,
            15.0,
        ),
        false_positives: FalsePositives = 0.01,
    ):  # fmt: skip
        self.statistic = self.steadiness = Steadiness(drops_db)
        self.false_positives = false_positives

    def apply(self, view: View, *, rng: Generator) -> Defended:
        detection = detection_of(
            self.steadiness, view.link, view.images,
            false_positives=self.false_positives, rng=rng,
        )  # fmt: skip
        return Defended(view.link, detection=detection)
