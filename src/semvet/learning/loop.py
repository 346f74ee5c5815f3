"""The training loop: every step of every training is made here.

    learn, learn, ...  a look at the loss every few steps and at the end of each epoch
                       a checkpoint every few seconds, and before a signal ends the process

A look waits for the device, so there are few of them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import final

import torch

from semvet.clock import Stopwatch
from semvet.errors import TrainingError
from semvet.learning.learner import Learner, Resumable
from semvet.learning.resuming import Checkpoints, Losses, Reached
from semvet.learning.signals import held_back
from semvet.types import LossTerms
from semvet.watch import Progress

LOOK_EVERY = 20  # steps between two looks at the loss

Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Learned:
    """What a finished training has to say about itself, whichever processes it took."""

    steps: int
    seconds: float
    images_per_s: float
    history: tuple[Losses, ...]  # means of each epoch's looks
    last: Losses | None  # look; None without steps


def train(
    learner: Learner, *, device: torch.device, report: Report | None = None,
    checkpoints: Checkpoints | None = None,
) -> Learned:  # fmt: skip
    """Takes all steps, from the last checkpoint on if there is one that fits.

    Args:
        device: that the learner computes on.
        report: is told of every look.
        checkpoints: of a learner that is resumable.

    Raises:
        TrainingError: the loss is not finite.
    """
    return _Loop(learner, device, report, checkpoints).run()


@final
class _Loop:
    """One training under way.

    Attributes:
        at: how far it is.
        last: the losses that were looked at last, in this process.
    """

    last: Losses | None = None

    def __init__(
        self, learner: Learner, device: torch.device, report: Report | None,
        checkpoints: Checkpoints | None,
    ):  # fmt: skip
        self.learner, self.report, self.checkpoints = learner, report, checkpoints
        self.at = self._resumed()
        self.first, self.before = self.at.step, self.at.seconds
        self.clock, self.saved = Stopwatch(device), time.monotonic()

    def run(self) -> Learned:
        with held_back() as signals:
            while self.at.step < self.learner.steps:
                terms = self.learner.learn(self.at.step)
                self.at = replace(self.at, step=self.at.step + 1)
                last = self.at.step % self.learner.steps_per_epoch == 0
                if last or self.at.step % LOOK_EVERY == 0:
                    self._look(terms)
                if last:
                    self.at = self.at.epoch_closed()
                if signals.pending is not None or self._due():
                    self._save()
                signals.give_on()
        images = self.at.step * self.learner.images
        speed = images / self.at.seconds if self.at.seconds else 0.0
        return Learned(self.at.step, self.at.seconds, speed, self.at.history, self.last)

    def _look(self, terms: LossTerms) -> None:
        losses = {name: term.item() for name, term in terms.items()}
        if not isfinite(sum(losses.values())):
            raise TrainingError(
                f"{self.learner.name} diverged at step {self.at.step} of {self.learner.steps}: "
                f"{losses}; {self.learner.way_out}"
            )
        seconds = self.clock.seconds()
        self.at, self.last = self.at.looked(losses, self.before + seconds), losses
        if self.report:
            epoch = (self.at.step - 1) // self.learner.steps_per_epoch
            speed = (self.at.step - self.first) * self.learner.images / seconds
            self.report(Progress(self.at.step, self.learner.steps, epoch, speed, losses))

    def _due(self) -> bool:
        """What comes after the last step is the training's result."""
        if self.checkpoints is None or self.at.step == self.learner.steps:
            return False
        return time.monotonic() - self.saved > self.checkpoints.every_s

    def _save(self) -> None:
        if self.checkpoints is not None and isinstance(self.learner, Resumable):
            self.checkpoints.write(self.learner.state(), self.at)
            self.saved = time.monotonic()

    def _resumed(self) -> Reached:
        """A checkpoint that does not fit costs time, not the training."""
        start, found = Reached(), self.checkpoints.read() if self.checkpoints else None
        if found is None or not isinstance(self.learner, Resumable):
            return start
        state, reached = found
        possible = reached.possible(self.learner.steps, self.learner.steps_per_epoch)
        return reached if possible and self.learner.restore(state) else start
