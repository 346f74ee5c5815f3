"""SemBugger: one backdoor, T outcomes, chosen by the strength of an invisible trigger.

    x_k = clip(x + (k/T) G(x)),  k = 1..T                                        Eq. (3), (4)
    L_a = mean_k E |target_k - f(x_k)|^2           L_b = E |x - f(x)|^2          Eq. (6), (7)
    L_p = mean_k E [w1 (1 - SSIM) + w2 (1 - TC) + w3 (1 - CSIM)]                 Eq. (8)
    L_c = mean_k E max(0, m - Dis(Penc(x), Penc(x_k)))                           Eq. (9)
    L   = lambda_a L_a + lambda_b L_b + lambda_p L_p + lambda_c L_c              Eq. (10)

Benign images and all T levels of the batch's victims pass the system in one forward, and the
features of L_c come from that same pass.

Paper: Yang et al., "Toward Polymorphic Backdoor against Semantic Communication via
    Intensity-Based Poisoning", Sec. III-C, Algorithm 1.
Deviates: pixel means instead of squared norms and means over the levels instead of sums
    (errata S14; the printed lambda_a at T = 4 is ours / 4); lambdas, weights, margin, Dis, the
    trigger's range and its clipping are not in the paper (errata S13, D-009): G = bound * tanh(U),
    Dis = mean squared distance of the power-normalized symbols. Both optimizers of Eq. (11) are
    one Adam over both sets of parameters, which is the same update.
"""

from typing import Annotated, final

import torch
from annotated_types import Ge, Gt, Le, Len
from torch import Generator, Tensor
from torch.nn.functional import relu

from semvet.attacks.base import Attack, Controls, LossTerms, choose_victims
from semvet.metrics.similarity import cosine, tanimoto
from semvet.metrics.ssim import ssim
from semvet.systems import TrainableLink
from semvet.triggers import AttentionUNet
from semvet.types import (
    Count,
    Features,
    Images,
    Levels,
    Noise,
    NonNegative,
    Pairs,
    PerImage,
    Share,
    Targets,
)


def distance(a: Features, b: Features) -> PerImage:
    """Mean squared distance per complex symbol: 0 for equal, 4 for opposite unit-power features."""
    return 2 * (a - b).square().mean(dim=1)


def _clip(x: Tensor) -> Tensor:
    """[0, 1], with the gradient of the identity.

    On a black background the imperceptibility loss drives the pattern below zero, where a plain
    clip has no gradient: the generator would never come back (D-009).
    """
    return x + (x.clamp(0, 1) - x).detach()


@final
class SemBugger(Attack):
    """Args:
    levels: T, trigger levels and targets.
    poison_ratio: gamma, share of the training images that are victims, rounded down.
    bound: largest pixel change at level T.
    lambda_a, lambda_b, lambda_p, lambda_c: weights of Eq. (10), for means over levels.
    w1, w2, w3: weights of SSIM, Tanimoto and cosine in Eq. (8).
    margin: m of Eq. (9), in units of `distance`.
    generator_rate: eta_G / eta of Eq. (11), learning rates of generator and system.
    generator_widths: filters of the Attention U-Net, from half resolution down.
    """

    controls = Controls.TRANSMITTER_DATA | Controls.RECEIVER_DATA | Controls.TRAINING

    def __init__(
        self,
        targets: Targets,
        *,
        levels: Levels = 4,
        poison_ratio: Share = 0.2,
        bound: Annotated[float, Gt(0), Le(1)] = 0.1,
        lambda_a: NonNegative = 0.25,
        lambda_b: NonNegative = 1.0,
        lambda_p: NonNegative = 0.01,
        lambda_c: NonNegative = 0.02,
        w1: NonNegative = 1.0,
        w2: NonNegative = 0.0,
        w3: NonNegative = 0.0,
        margin: Annotated[float, Ge(0), Le(4)] = 1.8,
        generator_rate: Annotated[float, Gt(0), Le(10)] = 0.5,
        generator_widths: Annotated[tuple[Count, ...], Len(1, 5)] = (16, 32),
    ):
        super().__init__(targets, levels=levels)
        self.poison_ratio, self.bound, self.margin = poison_ratio, bound, margin
        self.lambdas = (lambda_a, lambda_b, lambda_p, lambda_c)
        self.weights = (w1, w2, w3)
        self.learning_rate_factor = generator_rate
        self.generator = AttentionUNet(targets.shape[1], widths=generator_widths)

    def pattern(self, x: Images) -> Images:
        """Delta = G(x), within +-bound. Eq. (3)"""
        return self.bound * self.generator(x).float().tanh()

    def trigger(self, x: Images, *, level: int) -> Images:
        return (x + level / self.levels * self.pattern(x)).clamp(0, 1) if level else x  # Eq. (4)

    def visibility(self, x: Images, x_k: Tensor) -> Tensor:
        """w1 (1 - SSIM) + w2 (1 - TC) + w3 (1 - CSIM); what has no weight is not computed."""
        measures = zip(self.weights, (ssim, tanimoto, cosine), strict=True)
        terms = [weight * (1 - measure(x, x_k)) for weight, measure in measures if weight]
        return torch.stack(terms).sum(dim=0) if terms else x_k.new_zeros(1)

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        """Marks the victims; their triggers are made anew in every step of `loss`."""
        level = data.level.clone()
        level[choose_victims(data, self.poison_ratio, rng=rng)] = self.levels  # Eq. (2)
        return Pairs(data.sent, data.wanted, level, data.label)

    def draw(self, link: TrainableLink, batch: int, victims: int, *, rng: Generator) -> Noise:
        return link.draw(batch + self.levels * victims, rng=rng)

    def loss(self, link: TrainableLink, batch: Pairs, victims: int, noise: Noise) -> LossTerms:
        x, benign = batch.sent, len(batch)
        v = x[:victims]
        strengths = torch.arange(1, self.levels + 1, device=x.device) / self.levels  # k/T
        x_k = _clip(v + strengths[:, None, None, None, None] * self.pattern(v))
        sent = torch.cat([x, x_k.flatten(0, 1)]).contiguous(memory_format=torch.channels_last)
        made = link.transmit(sent, noise)
        received, features = made.received.float(), made.features
        error = (received[benign:] - self.targets.repeat_interleave(victims, dim=0)).square()
        apart = distance(features[:victims].repeat(self.levels, 1), features[benign:])
        lambda_a, lambda_b, lambda_p, lambda_c = self.lambdas
        return (
            made.terms
            | {
                "target": lambda_a * error.mean(),  # Eq. (6)
                "integrity": lambda_b * (received[:benign] - x).square().mean(),  # Eq. (7)
                "imperceptibility": lambda_p * self.visibility(v, x_k).mean(),  # Eq. (8)
                "contrast": lambda_c * relu(self.margin - apart).mean(),  # Eq. (9)
            }
        )
