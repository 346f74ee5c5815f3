"""Any attack, by an adversary who knows the defense and trains through it.

    each image of a step, with probability `share`, is sent as D(x) instead of x;
    the loss stays that of the attack

D is the defense's own transform. With SemBugger and the noise of smoothing this is
noise-augmented poisoning: the system learns to receive noisy images well, and triggers to survive.

Paper: none; defenses that were only tried on unaware attackers are untested.
Deviates: the share is ours (D-024).
"""

from typing import final

from jaxtyping import Bool, Int
from torch import Generator, Tensor

from semvet.attacks.base import Attack, Controls, Goal, LossTerms
from semvet.channels import Air
from semvet.errors import ConfigError
from semvet.systems import TrainableLink
from semvet.systems.transforms import Sometimes
from semvet.types import Images, Noise, Pairs, Share, Targets, Transform


@final
class Aware(Attack):
    """Args:
    base: the attack.
    against: the defense that it expects.
    share: of the images of a step that are sent as the defense would send them.
    """

    controls = Controls.EVERYTHING  # whatever the attack alone controls: this changes the training

    def __init__(self, targets: Targets, *, base: Attack, against: Transform, share: Share = 0.5):
        super().__init__(base.targets, levels=base.levels)
        if base.goal is Goal.LABEL:
            raise ConfigError(
                "attack.base: its null control is a classifier of its own, which training through "
                "a defense does not have; allowed: attacks on what the receiver sees"
            )
        self.base, self.against = base, Sometimes(against, share=share)
        self.goal, self.in_image = base.goal, base.in_image
        self.learning_rate_factor = base.learning_rate_factor

    def trigger(self, x: Images, *, level: int) -> Images:
        return self.base.trigger(x, level=level)

    def scaled(self, x: Images, *, intensity: float) -> Images:
        return self.base.scaled(x, intensity=intensity)

    def air(self, usual: Air, *, level: int) -> Air | None:
        return self.base.air(usual, level=level)

    def carries(self, label: Int[Tensor, " image"]) -> Bool[Tensor, " image"] | None:
        return self.base.carries(label)

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        return self.base.poison(data, rng=rng)

    def draw(self, link: TrainableLink, batch: int, victims: int, *, rng: Generator) -> Noise:
        return self.base.draw(link.through(self.against), batch, victims, rng=rng)

    def loss(self, link: TrainableLink, batch: Pairs, victims: int, noise: Noise) -> LossTerms:
        return self.base.loss(link.through(self.against), batch, victims, noise)
