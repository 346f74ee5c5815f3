"""A finished run in Python: its record, its arrays when they are asked for, and its report."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from semvet.records import RunRecord
from semvet.reports.frame import frame
from semvet.reports.frontier import Point, points
from semvet.reports.reading import Reading, read_run
from semvet.reports.verdict import defense_verdict, verdict
from semvet.store import Arrays, RunFolder

if TYPE_CHECKING:
    import pandas
    import pyarrow


@dataclass(frozen=True)
class Result:
    folder: RunFolder

    @cached_property
    def record(self) -> RunRecord:
        """Everything that was found. Raises StoreError: not finished, changed, or too old."""
        return read_run(self.folder)

    @cached_property
    def arrays(self) -> Arrays:
        """Example images, triggers and scores, as the report draws them."""
        return self.folder.evaluation()

    @property
    def id(self) -> str:
        return self.folder.id

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def report(self) -> Path:
        """One HTML file that needs nothing else."""
        return self.folder.report

    @property
    def verdict(self) -> str:
        """The run in a sentence."""
        return verdict(Reading(self.record))

    @property
    def defenses(self) -> list[tuple[Point, str]]:
        """Each defense in figures and in a few words, in the record's order."""
        reading = Reading(self.record)
        outcomes = [defense_verdict(reading, one) for one in self.record.defenses]
        return list(zip(points(reading), outcomes, strict=True))

    def frame(self) -> "pandas.DataFrame | pyarrow.Table":
        """A tidy table: one row per level and defense."""
        return frame([self.record])
