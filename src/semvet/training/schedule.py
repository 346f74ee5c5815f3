"""Where in a training a step is: its phase, its learning rate, and what is trained in it."""

from typing import final

import numpy as np

from semvet.systems import System
from semvet.types import Moment

WARM_UP = 0.15  # share of the steps in which the learning rate rises


def learning_rate(step: int, steps: int, peak: float) -> float:
    """One cycle: cosine from peak/25 up, then down to almost nothing. A function of the step."""
    rise = max(1, round(WARM_UP * steps))
    if step < rise:
        low, high, part = peak, peak / 25, 1 - step / rise
    else:
        low, high, part = peak / 1e4, peak, (step - rise) / max(1, steps - rise)
        low, high = high, low
    return low + (high - low) * (1 - np.cos(np.pi * part)) / 2


@final
class Phases:
    """The equally long phases of a system's training, each with a learning-rate cycle of its own.

    Args:
        system: what is frozen when this is made stays so.
        steps: of the whole training.
    """

    def __init__(self, system: System, steps: int):
        self.system, self.steps = system, steps
        self.length = -(-steps // system.phases)
        self.open = [p for p in system.parameters() if p.requires_grad]
        self.phase: int | None = None  # that the gradients are set for

    def moment(self, step: int) -> Moment:
        phase, done = divmod(step, self.length)
        return Moment(phase, done / self.length)

    def rate(self, step: int, peak: float) -> float:
        return learning_rate(step % self.length, self.length, peak)

    def begin(self, step: int) -> bool:
        """Before every step: gradients for what is trained in its phase. True in a new one."""
        phase = step // self.length
        if phase == self.phase:
            return False
        self.phase, trained = phase, {id(p) for p in self.system.trained_in(phase)}
        for parameter in self.open:
            parameter.requires_grad_(id(parameter) in trained)
        return True

    def end(self, step: int) -> None:
        """After every step; after the last one nothing is frozen that was not at first."""
        if step + 1 == self.steps:
            for parameter in self.open:
                parameter.requires_grad_()
