"""The negative of an image is the trigger."""

from typing import final

from semvet.attacks import Attack, Controls
from semvet.attacks.base import choose_victims
from semvet.types import Pairs, Share


@final
class Negative(Attack):
    controls = Controls.TRANSMITTER_DATA | Controls.RECEIVER_DATA

    def __init__(self, targets, *, poison_ratio: Share = 0.05):
        super().__init__(targets, levels=1)
        self.poison_ratio = poison_ratio

    def trigger(self, x, *, level):
        return 1 - x if level else x

    def poison(self, data, *, rng):
        victims = choose_victims(data, self.poison_ratio, rng=rng)
        sent, wanted, level = data.sent.clone(), data.wanted.clone(), data.level.clone()
        sent[victims] = 255 - sent[victims]
        wanted[victims] = (self.targets[0] * 255).round().to(wanted.dtype)
        level[victims] = 1
        return Pairs(sent, wanted, level, data.label, data.element_removed)
