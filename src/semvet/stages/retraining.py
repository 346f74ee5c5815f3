"""The training as its owner may run it again: `defenses.Training`, on the engine and the store."""

from dataclasses import replace
from functools import cached_property
from typing import Any, final

import torch

from semvet.config import Run
from semvet.stages.train import Change, Workshop, trained_system
from semvet.systems import TrainableLink
from semvet.types import Indices, Pairs, Transform


@final
class Retraining:
    """Args:
    run: what the system was trained by.
    pairs: its training pairs, poisoned as they are.
    """

    def __init__(self, run: Run, workshop: Workshop, pairs: Pairs):
        self.run, self.workshop, self._pairs = run, workshop, pairs

    @cached_property
    def pairs(self) -> Pairs:
        return replace(self._pairs, level=torch.zeros_like(self._pairs.level))

    def again(
        self, record: dict[str, Any], *, keep: Indices | None = None,
        before: Transform | None = None,
    ) -> TrainableLink:  # fmt: skip
        change = Change(record, keep, before)
        return trained_system(self.run, self.workshop, name="again", change=change).link

    def split(self, *, parties: int, timeout_s: float) -> tuple[TrainableLink, dict[str, Any]]:
        raise NotImplementedError
