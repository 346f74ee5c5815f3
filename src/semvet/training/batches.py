"""Which images form which training step.

Every step of a run has the same shapes (compiled and stacked steps need that), and step s of
epoch e is a function of (seed, e, s) alone, whatever the device and wherever training resumed.
"""

from typing import final

import torch
from torch import Tensor

from semvet.errors import ConfigError
from semvet.randomness import permutation, stream


@final
class Batches:
    """Index batches of an epoch.

    An attack that controls the training puts `victims` of its victims first into each batch, the
    rest comes from the others: two permutations, never int(batch * ratio) by chance. Data
    poisoning alone gives the adversary no say in this: one permutation over everything.

    Args:
        level: (image,) 0 for benign images, > 0 for victims.
        batch: images per step.
        separate: whether the attack controls the training.
        seed: of the run.

    Raises:
        ConfigError: the batch is larger than the training set.
    """

    def __init__(self, level: Tensor, *, batch: int, separate: bool, seed: int):
        self.seed = seed
        victims = level.nonzero().flatten() if separate else torch.empty(0, dtype=torch.int64)
        others = (level == 0).nonzero().flatten() if separate else torch.arange(len(level))
        self.victims = max(1, round(batch * len(victims) / len(level))) if len(victims) else 0
        self.groups = [(victims, self.victims), (others, batch - self.victims)]
        self.steps_per_epoch = len(others) // (batch - self.victims) if batch > self.victims else 0
        if len(others) == 0:
            raise ConfigError(
                f"attack.poison_ratio: all {len(level)} training images are victims; the system "
                "needs benign ones to learn from, take less than 1"
            )
        if self.steps_per_epoch == 0:
            raise ConfigError(
                f"training.batch: {batch} does not fit {len(level)} training images with "
                f"{len(victims)} victims; take a batch of at most {len(others)}"
            )

    def epoch(self, number: int) -> Tensor:
        """(steps, batch) int64 on the CPU; the first `victims` columns are victims."""
        columns = []
        for group, (images, width) in enumerate(self.groups):
            if width == 0:
                continue
            rng = stream(self.seed, f"order of group {group}", index=number)
            needed = self.steps_per_epoch * width
            rounds = -(-needed // len(images))  # fewer images than places: begin again
            order = torch.cat([permutation(len(images), rng=rng) for _ in range(rounds)])
            columns.append(images[order[:needed]].view(self.steps_per_epoch, width))
        return torch.cat(columns, dim=1)


@final
class Order:
    """The batch of each step, for a training that takes one after the other. Keeps one epoch."""

    def __init__(self, batches: Batches, device: torch.device):
        self.batches, self.device = batches, device
        self.number, self.rows = -1, torch.empty(0)

    def row(self, step: int) -> Tensor:
        """(batch,) int64 on the device."""
        number, row = divmod(step, self.batches.steps_per_epoch)
        if number != self.number:
            self.number, self.rows = number, self.batches.epoch(number).to(self.device)
        return self.rows[row]
