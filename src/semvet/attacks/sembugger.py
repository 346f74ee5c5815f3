"""SemBugger: one backdoor, T outcomes, chosen by the strength of an invisible trigger.

    x_k = clip(x + (k/T) G(x)),  k = 1..T                                        Eq. (3), (4)
    L_a = mean_k E |target_k - f(x_k)|^2           L_b = E |x - f(x)|^2          Eq. (6), (7)
    L_p = mean_k E [w1 (1 - SSIM) + w2 (1 - TC) + w3 (1 - CSIM)]                 Eq. (8)
    L_c = mean_k E max(0, m - Dis(Penc(x), Penc(x_k)))                           Eq. (9)
    L   = lambda_a L_a + lambda_b L_b + lambda_p L_p + lambda_c L_c              Eq. (10)

Features of L_c come from the same forward as everything else.

Paper: Yang et al., "Toward Polymorphic Backdoor against Semantic Communication via
    Intensity-Based Poisoning", Sec. III-C, Algorithm 1.
Deviates: pixel means instead of squared norms and means over the levels instead of sums
    (errata S14; the printed lambda_a at T = 4 is ours / 4); lambdas, weights, margin, Dis, the
    trigger's range, its clipping and its rounding are not in the paper (errata S13, D-009):
    G = bound * tanh(U), Dis = mean squared distance of the power-normalized symbols. Both
    optimizers of Eq. (11) are one Adam over both sets of parameters, which is the same update.
"""

from typing import Annotated, final

import torch
from annotated_types import Ge, Gt, Le, Len
from torch import Tensor
from torch.nn.functional import relu

from semvet.attacks.base import LossTerms
from semvet.attacks.families.joint import JointAttack, Step, Triggered, soft_clip
from semvet.metrics.similarity import cosine, tanimoto
from semvet.metrics.ssim import ssim
from semvet.triggers import AttentionUNet
from semvet.types import Features, Images, Levels, NonNegative, PerImage, Share, Targets, Width


def distance(a: Features, b: Features) -> PerImage:
    """Mean squared distance per complex symbol: 0 for equal, 4 for opposite unit-power features."""
    return 2 * (a - b).square().mean(dim=1)


@final
class SemBugger(JointAttack):
    """Args:
    levels: T, trigger levels and targets.
    poison_ratio: gamma, share of the training images that are victims, rounded down.
    bound: largest pixel change at level T.
    eight_bit: triggered images are rounded to the 256 values that a camera's pixels have.
    lambda_a, lambda_b, lambda_p, lambda_c: weights of Eq. (10), for means over levels.
    w1, w2, w3: weights of SSIM, Tanimoto and cosine in Eq. (8).
    margin: m of Eq. (9), in units of `distance`.
    generator_rate: eta_G / eta of Eq. (11), learning rates of generator and system.
    generator_widths: filters of the Attention U-Net, from half resolution down.
    """

    def __init__(
        self,
        targets: Targets,
        *,
        levels: Levels = 4,
        poison_ratio: Share = 0.2,
        bound: Annotated[float, Gt(0), Le(1)] = 0.1,
        eight_bit: bool = False,
        lambda_a: NonNegative = 0.25,
        lambda_b: NonNegative = 1.0,
        lambda_p: NonNegative = 0.01,
        lambda_c: NonNegative = 0.02,
        w1: NonNegative = 1.0,
        w2: NonNegative = 0.0,
        w3: NonNegative = 0.0,
        margin: Annotated[float, Ge(0), Le(4)] = 1.8,
        generator_rate: Annotated[float, Gt(0), Le(10)] = 0.5,
        generator_widths: Annotated[tuple[Width, ...], Len(1, 5)] = (16, 32),
    ):
        super().__init__(
            targets, levels=levels, poison_ratio=poison_ratio, lambda_a=lambda_a, lambda_b=lambda_b
        )
        self.bound, self.eight_bit, self.margin = bound, eight_bit, margin
        self.lambda_p, self.lambda_c = lambda_p, lambda_c
        self.weights = (w1, w2, w3)
        self.learning_rate_factor = generator_rate
        self.generator = AttentionUNet(targets.shape[1], widths=generator_widths)

    def pattern(self, x: Images) -> Images:
        """Delta = G(x), within +-bound. Eq. (3)"""
        return self.bound * self.generator(x).float().tanh()

    def trigger(self, x: Images, *, level: int) -> Images:
        return self.scaled(x, intensity=level / self.levels) if level else x  # Eq. (4)

    def scaled(self, x: Images, *, intensity: float) -> Images:
        return self._rounded((x + intensity * self.pattern(x)).clamp(0, 1))

    def triggers(self, v: Images) -> Triggered:
        strengths = torch.arange(1, self.levels + 1, device=v.device) / self.levels  # k/T
        return self._rounded(soft_clip(v + strengths[:, None, None, None, None] * self.pattern(v)))

    def own_terms(self, step: Step) -> LossTerms:
        apart = distance(step.features.repeat(self.levels, 1), step.features_k)
        return {
            "imperceptibility": self.lambda_p * self.visibility(step.v, step.x_k).mean(),  # Eq. (8)
            "contrast": self.lambda_c * relu(self.margin - apart).mean(),  # Eq. (9)
        }

    def visibility(self, x: Images, x_k: Tensor) -> Tensor:
        """w1 (1 - SSIM) + w2 (1 - TC) + w3 (1 - CSIM); what has no weight is not computed."""
        measures = zip(self.weights, (ssim, tanimoto, cosine), strict=True)
        terms = [weight * (1 - measure(x, x_k)) for weight, measure in measures if weight]
        return torch.stack(terms).sum(dim=0) if terms else x_k.new_zeros(1)

    def _rounded(self, x: Tensor) -> Tensor:
        """The gradient is that of the identity: rounding has none."""
        return x + ((255 * x).round() / 255 - x).detach() if self.eight_bit else x
