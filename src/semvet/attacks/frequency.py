"""Frequency trigger: each image gets its own few mid-frequency DCT coefficients changed.

    x' = clip(IDCT(DCT(x) + A(x)))
    L  = lambda_a |target - f(x')|^2 + lambda_b |x - f(x)|^2 + lambda_p (1 - SSIM(x, x'))

Paper: Yu et al., CVPR 2023, arXiv 2302.14677 (learned image compression).
Deviates: the objective is a target image at the receiver, not bit rate or quality; both ends are
    trained, not the encoder alone; weights are ours (D-024).
"""

from typing import Annotated, final

from annotated_types import Ge, Gt, Le

from semvet.attacks.base import LossTerms
from semvet.attacks.families.joint import JointAttack, Step, Triggered, soft_clip
from semvet.errors import ConfigError
from semvet.metrics.ssim import ssim
from semvet.triggers import Spectrum
from semvet.types import Count, Images, ImageShape, NonNegative, Share, Targets, Width


@final
class Frequency(JointAttack):
    """Args:
    poison_ratio: share of the training images that are victims, rounded down.
    bound: largest change of an orthonormal DCT coefficient.
    band: N, how many mid-frequency coefficients of a channel may change.
    keep: K, how many of them do in one image.
    lambda_a, lambda_b, lambda_p: weights of target, integrity and imperceptibility.
    width: filters of the network that chooses them.
    """

    def __init__(
        self,
        targets: Targets,
        *,
        poison_ratio: Share = 0.1,
        bound: Annotated[float, Gt(0), Le(10)] = 0.5,
        band: Count = 64,
        keep: Count = 16,
        lambda_a: NonNegative = 0.1,
        lambda_b: NonNegative = 1.0,
        lambda_p: Annotated[float, Ge(0), Le(100)] = 0.01,
        width: Width = 16,
    ):
        super().__init__(
            targets, levels=1, poison_ratio=poison_ratio, lambda_a=lambda_a, lambda_b=lambda_b
        )
        shape = ImageShape(*targets.shape[1:])
        pixels = shape.height * shape.width
        if not keep <= band <= pixels:
            raise ConfigError(
                f"attack.keep: {keep} of attack.band: {band} coefficients of {pixels}; "
                "allowed: keep <= band <= pixels of a channel"
            )
        self.lambda_p = lambda_p
        self.spectrum = Spectrum(shape, bound=bound, band=band, keep=keep, width=width)

    def trigger(self, x: Images, *, level: int) -> Images:
        return (x + self.spectrum(x)).clamp(0, 1) if level else x

    def triggers(self, v: Images) -> Triggered:
        return soft_clip(v + self.spectrum(v))[None]

    def own_terms(self, step: Step) -> LossTerms:
        hidden = 1 - ssim(step.v, step.x_k[0])
        return {"imperceptibility": self.lambda_p * hidden.mean()}
