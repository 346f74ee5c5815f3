"""What a waiting user sees: the stage, and while training a bar with speed, losses, time left."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from semvet.stages.engine import Progress as Step
from semvet.stages.watch import Silent, Watch


@final
class Live:
    def __init__(self, progress: Progress):
        self.progress = progress
        self.task: TaskID | None = None

    def stage(self, what: str) -> None:
        self._close()
        self.progress.console.print(f"· {what}", soft_wrap=True)

    def training(self, step: Step) -> None:
        if self.task is None:
            self.task = self.progress.add_task("", total=step.steps, losses="")
        losses = "  ".join(f"{name} {value:.4f}" for name, value in step.losses.items())
        self.progress.update(
            self.task,
            completed=step.step,
            losses=f"{step.images_per_s:,.0f} images/s  {losses}",
        )

    def _close(self) -> None:
        if self.task is not None:
            self.progress.remove_task(self.task)
            self.task = None


@contextmanager
def watching(console: Console, *, quiet: bool) -> Iterator[Watch]:
    if quiet:
        yield Silent()
        return
    columns = (
        BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[losses]}"),
    )  # fmt: skip
    drawn = console.is_terminal  # a bar in a log file is one line a second
    with Progress(*columns, console=console, transient=True, disable=not drawn) as progress:
        yield Live(progress)
