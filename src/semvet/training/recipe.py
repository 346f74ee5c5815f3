"""All that a training needs. There is no run in it: whoever has pairs and a plan can train."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from semvet.attacks import Attack
from semvet.config import TrainingPlan, content_id
from semvet.store import Store
from semvet.systems import Transceiver
from semvet.types import Indices, Pairs, Transform
from semvet.watch import Watch


@dataclass(frozen=True)
class Elsewhere:
    """How a process of its own makes the same untrained link: it runs `program` and is told `order`
    as JSON on standard input."""

    program: str
    order: dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """Args:
    make: untrained transceiver and attack, the same each time and in every process.
    pairs: the training pairs as they were poisoned, uint8.
    positions: of their images in the original training set.
    plan: epochs, batch, learning rate.
    seed: of the run.
    record: plain values that decide the weights.
    fingerprint: of the data.
    elsewhere: for trainings by two processes.
    keep: pairs that are trained on; None: all.
    before: what a batch passes before it is sent; its labels do not.
    """

    make: Callable[[], tuple[Transceiver, Attack]]
    pairs: Pairs
    positions: Indices
    plan: TrainingPlan
    seed: int
    record: dict[str, Any]
    fingerprint: str
    elsewhere: Elsewhere
    keep: Int[Tensor, " kept"] | None = None
    before: Transform | None = None

    @property
    def key(self) -> str:
        """Names the training in the store."""
        return content_id(self.record, self.fingerprint)

    def changed(
        self, record: dict[str, Any], *, keep: Indices | None = None,
        before: Transform | None = None,
    ) -> "Recipe":  # fmt: skip
        """What a defense that owns the training makes of it.

        Args:
            record: plain values that say what is different.
        """
        changed = self.record | {"change": record}
        return replace(self, record=changed, keep=keep, before=before)


@dataclass(frozen=True)
class Trainer:
    """Where trainings take place, and who is told."""

    store: Store
    device: torch.device
    watch: Watch
    checkpoint_every_s: float = 15.0
