"""IHTG-style: a hidden trigger made for each image by a small network, one target image.

    x' = clip(x + eps tanh(g(x)))
    L  = lambda_a |target - f(x')|^2 + lambda_b |x - f(x)|^2 + lambda_p (1 - SSIM(x, x'))

Paper: Zhou, Hu, Qian, "IHTG", GLOBECOM 2024. No text of it was available: all that is built on is
    SemBugger's description, "an adjusted variant of BASS" with an "optimised trigger pattern
    design" that is "substantially more imperceptible". Hence "-style".
Deviates: everything below that description is ours: a learned, bounded, input-dependent additive
    trigger and a joint loss, which is SemBugger with T = 1 and no contrastive term (D-024).
"""

from typing import Annotated, final

from annotated_types import Gt, Le, Len

from semvet.attacks.base import LossTerms
from semvet.attacks.families.joint import JointAttack, Step, Triggered, soft_clip
from semvet.metrics.ssim import ssim
from semvet.triggers import AttentionUNet
from semvet.types import Images, NonNegative, Share, Targets, Width


@final
class IHTG(JointAttack):
    """Args:
    poison_ratio: share of the training images that are victims, rounded down.
    bound: eps, largest pixel change.
    lambda_a, lambda_b, lambda_p: weights of target, integrity and imperceptibility.
    generator_rate: learning rate of g, times the system's.
    generator_widths: filters of g, an Attention U-Net, from half resolution down.
    """

    def __init__(
        self,
        targets: Targets,
        *,
        poison_ratio: Share = 0.1,
        bound: Annotated[float, Gt(0), Le(1)] = 0.05,
        lambda_a: NonNegative = 0.1,
        lambda_b: NonNegative = 1.0,
        lambda_p: NonNegative = 0.01,
        generator_rate: Annotated[float, Gt(0), Le(10)] = 0.5,
        generator_widths: Annotated[tuple[Width, ...], Len(1, 5)] = (8, 16),
    ):
        super().__init__(
            targets, levels=1, poison_ratio=poison_ratio, lambda_a=lambda_a, lambda_b=lambda_b
        )
        self.bound, self.lambda_p = bound, lambda_p
        self.learning_rate_factor = generator_rate
        self.generator = AttentionUNet(targets.shape[1], widths=generator_widths)

    def pattern(self, x: Images) -> Images:
        """Within +-bound."""
        return self.bound * self.generator(x).float().tanh()

    def trigger(self, x: Images, *, level: int) -> Images:
        return (x + self.pattern(x)).clamp(0, 1) if level else x

    def triggers(self, v: Images) -> Triggered:
        return soft_clip(v + self.pattern(v))[None]

    def own_terms(self, step: Step) -> LossTerms:
        hidden = 1 - ssim(step.v, step.x_k[0])
        return {"imperceptibility": self.lambda_p * hidden.mean()}
