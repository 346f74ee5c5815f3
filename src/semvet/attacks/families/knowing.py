"""The shape of attacks that know the defense: another attack, trained with the defense in mind.

Trigger, targets, goal and poisoned data are those of `base`; only the training is another one, so
the adversary needs control of it.
"""

from jaxtyping import Bool, Int
from torch import Generator, Tensor

from semvet.attacks.base import Attack, Controls
from semvet.channels import OperatingPoint
from semvet.errors import ConfigError
from semvet.types import Images, Pairs


class Knowing(Attack):
    """Args:
    base: the attack.

    Raises:
        ConfigError: an attack that is its own null control.
    """

    controls = Controls.EVERYTHING  # whatever the attack alone controls: this changes the training

    def __init__(self, *, base: Attack):
        super().__init__(base.targets, levels=base.levels)
        if base.null is not None:
            raise ConfigError(
                "attack.base: its null control is a classifier of its own, which training with "
                "a defense in mind does not have; allowed: attacks on what the receiver sees"
            )
        self.base = base
        self.goal, self.in_image = base.goal, base.in_image
        self.learning_rate_factor = base.learning_rate_factor

    def trigger(self, x: Images, *, level: int) -> Images:
        return self.base.trigger(x, level=level)

    def scaled(self, x: Images, *, intensity: float) -> Images:
        return self.base.scaled(x, intensity=intensity)

    def operating_point(self, nominal: OperatingPoint, *, level: int) -> OperatingPoint | None:
        return self.base.operating_point(nominal, level=level)

    def carries(self, label: Int[Tensor, " image"]) -> Bool[Tensor, " image"] | None:
        return self.base.carries(label)

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        return self.base.poison(data, rng=rng)
