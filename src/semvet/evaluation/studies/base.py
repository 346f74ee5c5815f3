"""The shape of a study: something that is asked of a trained backdoor, on both systems alike."""

from abc import ABC, abstractmethod
from typing import ClassVar

from semvet.evaluation.measured import Trial
from semvet.records import StudyRecord


class Study(ABC):
    """Attributes:
    name: in the table of studies.
    """

    name: ClassVar[str]

    @abstractmethod
    def means_something(self, trial: Trial) -> bool:
        """Whether there is anything to ask of this attack."""

    @abstractmethod
    def run(self, trial: Trial, *, images: int) -> StudyRecord:
        """Args:
        images: test images, at most.
        """


def level_names(levels: int, one: str = "trigger") -> list[str]:
    return [one] if levels == 1 else [f"level {k}" for k in range(1, levels + 1)]
