"""What learns: a system under an attack, one end of it, a classifier, a repair."""

from typing import Protocol, runtime_checkable

import numpy as np

from semvet.types import LossTerms

Arrays = dict[str, np.ndarray]


@runtime_checkable
class Learner(Protocol):
    """Attributes:
    name: what an error calls it.
    steps: of the whole training; 0 where there is nothing to learn.
    steps_per_epoch: after so many, and every few between, the loss is looked at.
    images: that a step learns from.
    way_out: of a loss that is not finite.
    """

    name: str
    steps: int
    steps_per_epoch: int
    images: int
    way_out: str

    def learn(self, step: int) -> LossTerms:
        """One step, counted from 0; all that is random in it depends on its number alone, where
        the training can be resumed."""
        ...


@runtime_checkable
class Resumable(Learner, Protocol):
    """One whose training goes on in another process, as if nothing had happened."""

    def state(self) -> Arrays:
        """All that the steps so far have changed."""
        ...

    def restore(self, state: Arrays) -> bool:
        """False, and nothing has changed, if it is not the state of such a learner."""
        ...
