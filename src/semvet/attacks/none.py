"""No attack: the null control of every figure. Its trigger is the image itself."""

from typing import final

from torch import Generator

from semvet.attacks.base import Attack, Controls
from semvet.types import Images, Levels, Pairs, Targets


@final
class NoAttack(Attack):
    """Args:
    levels: how many candidate targets the judge looks at.
    """

    controls = Controls.NOTHING

    def __init__(self, targets: Targets, *, levels: Levels = 4):
        super().__init__(targets, levels=levels)

    def trigger(self, x: Images, *, level: int) -> Images:
        return x

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        return data
