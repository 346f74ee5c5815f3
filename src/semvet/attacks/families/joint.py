"""The shape of attacks that train system and trigger together.

    L = lambda_a L_a + lambda_b L_b + what an attack adds
    L_a = mean_k E |target_k - f(x_k)|^2           L_b = E |x - f(x)|^2

Benign images and all trigger levels x_k of the batch's victims pass the system in one forward.
"""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from semvet.attacks.base import Attack, Controls, LossTerms, marked
from semvet.systems import Transceiver
from semvet.types import Draws, Features, Images, Pairs, Targets

Triggered = Float[Tensor, "targets victims chan height width"]


@dataclass(frozen=True)
class Step:
    """What an attack's own loss terms may look at."""

    v: Images  # the batch's victims, as they are
    x_k: Triggered
    features: Features  # of the victims as they are
    features_k: Float[Tensor, "triggered reals"]  # of x_k, level by level


class JointAttack(Attack):
    """Args:
    poison_ratio: share of the training images that are victims, rounded down.
    lambda_a, lambda_b: weights of L_a and L_b; means over pixels, images and levels.
    """

    controls = Controls.EVERYTHING

    def __init__(
        self, targets: Targets, *, levels: int, poison_ratio: float, lambda_a: float,
        lambda_b: float,
    ):  # fmt: skip
        super().__init__(targets, levels=levels)
        self.poison_ratio, self.lambda_a, self.lambda_b = poison_ratio, lambda_a, lambda_b

    @abstractmethod
    def triggers(self, v: Images) -> Triggered:
        """All levels of the trigger, as in training: differentiable, in [0, 1]."""

    def own_terms(self, step: Step) -> LossTerms:
        """What this attack adds to the loss, weighted."""
        return {}

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        return marked(data, self.poison_ratio, level=self.levels, rng=rng)

    def draw(self, link: Transceiver, batch: int, victims: int, *, rng: Generator) -> Draws:
        return link.draw(batch + self.levels * victims, rng=rng)

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        x, benign = batch.sent, len(batch)
        v = x[:victims]
        x_k = self.triggers(v)
        sent = torch.cat([x, x_k.flatten(0, 1)]).contiguous(memory_format=torch.channels_last)
        made = link.transmit(sent, noise)
        received, features = made.received.float(), made.features
        error = received[benign:] - self.targets.repeat_interleave(victims, dim=0)
        step = Step(v, x_k, features[:victims], features[benign:])
        return (
            made.terms
            | {
                "target": self.lambda_a * error.square().mean(),
                "integrity": self.lambda_b * (received[:benign] - x).square().mean(),
            }
            | self.own_terms(step)
        )


def soft_clip(x: Tensor) -> Tensor:
    """[0, 1], with the gradient of the identity.

    On a black background the imperceptibility loss drives the pattern below zero, where a plain
    clip has no gradient: the generator would never come back (D-009).
    """
    return x + (x.clamp(0, 1) - x).detach()
