"""What a run tells whoever waits for it. The command line draws it; scripts may listen."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Progress:
    """How far a training is."""

    step: int
    steps: int
    epoch: int
    images_per_s: float
    losses: dict[str, float]


@runtime_checkable
class Watch(Protocol):
    def stage(self, what: str) -> None:
        """A new stage begins, for example "training the clean system"."""

    def training(self, progress: Progress) -> None:
        """Every few steps."""


class Silent:
    def stage(self, what: str) -> None:
        pass

    def training(self, progress: Progress) -> None:
        pass
