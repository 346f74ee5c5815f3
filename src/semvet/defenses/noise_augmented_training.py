"""Noise-augmented training: the system learns to receive what smoothing will send it.

    train on (x + u e, x),   e ~ N(0, sigma^2 I),   u uniform in {0, 1} for each image

The base of every smoothing that costs little (Cohen et al. 2019): without it, noise of this size is
nothing that the system has ever seen (errata S4). It does not remove a backdoor by itself. An
adversary who controls the loss keeps the triggered copies noise-free; one who knows trains through
the noise (attack `aware`).

Paper: none of the two; the usual remedy of randomized smoothing.
Deviates: half of the images stay as they are, so that the undefended link remains good (D-029).
"""

from typing import Annotated, final

from annotated_types import Gt, Le
from torch import Generator

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.semantic_smoothing import GaussianNoise
from semvet.systems.transceiver.transforms import Sometimes
from semvet.types import Share


@final
class NoiseAugmentedTraining(Defense):
    """Args:
    sigma: standard deviation of the noise, in pixel units.
    share: of the images of a step that get it.
    clip: noisy images are clipped to [0, 1].
    """

    vantage = Vantage.TRAINER

    def __init__(
        self, *, sigma: Annotated[float, Gt(0), Le(4)] = 0.25, share: Share = 0.5,
        clip: bool = False,
    ):  # fmt: skip
        self.record = {"noise-augmented": {"sigma": sigma, "share": share, "clip": clip}}
        self.noise = Sometimes(GaussianNoise(sigma=sigma, clip=clip), share=share)

    def apply(self, view: View, *, rng: Generator) -> Defended:
        return Defended(view.training.again(self.record, before=self.noise))
