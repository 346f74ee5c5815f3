"""SC Trojan, transmission form: a visible block, one target image, an added loss term.

    x' = m x + (1 - m) Delta
    L  = lambda_a |target - f(x')|^2 + lambda_b |x - f(x)|^2

This is the form in SemBugger's tables ("loss function modification"). The original, which flips
the label of the receiver's classifier, is `sc-trojan-label`.

Paper: Sagduyu, Erpek, Ulukus, Yener, "Vulnerabilities of Deep Learning-Driven Semantic
    Communications to Backdoor (Trojan) Attacks", CISS 2023; SemBugger Sec. V-A.
Deviates: block, place, weights and poison ratio are not given there (D-024): BASS's block,
    somewhat larger, as SemBugger's Table (SSIM .786 against .805) has it.
"""

from typing import final

from semvet.attacks.families.joint import JointAttack, Triggered
from semvet.triggers import Patch
from semvet.types import Images, ImageShape, NonNegative, Share, Side, Targets


@final
class SCTrojan(JointAttack):
    """Args:
    poison_ratio: share of the training images that are victims, rounded down.
    side: of the square block, in pixels.
    lambda_a, lambda_b: weights of target and integrity.
    """

    def __init__(
        self,
        targets: Targets,
        *,
        poison_ratio: Share = 0.1,
        side: Side = 5,
        lambda_a: NonNegative = 0.1,
        lambda_b: NonNegative = 1.0,
    ):
        super().__init__(
            targets, levels=1, poison_ratio=poison_ratio, lambda_a=lambda_a, lambda_b=lambda_b
        )
        self.patch = Patch(ImageShape(*targets.shape[1:]), side=side)

    def trigger(self, x: Images, *, level: int) -> Images:
        return self.patch(x) if level else x

    def triggers(self, v: Images) -> Triggered:
        return self.patch(v)[None]
