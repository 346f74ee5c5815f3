"""How far a training is, and how it is kept for another process to go on with."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from semvet.learning.learner import Arrays

Losses = dict[str, float]


@dataclass(frozen=True)
class Reached:
    """What the loop itself has to remember. Losses are means of each epoch's looks."""

    step: int = 0
    seconds: float = 0.0  # until the last look
    history: tuple[Losses, ...] = ()
    looks: tuple[Losses, ...] = ()  # of the epoch under way

    def looked(self, losses: Losses, seconds: float) -> "Reached":
        return replace(self, looks=(*self.looks, losses), seconds=seconds)

    def epoch_closed(self) -> "Reached":
        names = self.looks[-1]
        means = {name: float(np.mean([look[name] for look in self.looks])) for name in names}
        return replace(self, history=(*self.history, means), looks=())

    def possible(self, steps: int, steps_per_epoch: int) -> bool:
        """Whether a training of so many steps can be here."""
        return 0 <= self.step <= steps and len(self.history) == self.step // steps_per_epoch


@dataclass(frozen=True)
class Checkpoints:
    """Args:
    read: the last one, None if there is none that can be trusted.
    write: replaces it.
    every_s: seconds of training that may be lost.
    """

    read: Callable[[], tuple[Arrays, Reached] | None]
    write: Callable[[Arrays, Reached], None]
    every_s: float = 15.0
