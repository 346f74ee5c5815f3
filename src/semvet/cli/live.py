"""What a waiting user sees: the stage, and a bar while training, downloading or reading images."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from semvet.cli.output import harmless
from semvet.watch import Progress as Step
from semvet.watch import Silent, Watch

Report = Callable[[str, int, int], None]  # what is done, how much of it, of how much (0: unknown)


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
        losses = "  ".join(f"{harmless(name)} {value:.4f}" for name, value in step.losses.items())
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


@contextmanager
def reporting(console: Console, *, quiet: bool) -> Iterator[Report]:
    """A Report for `Source.fetch`: one bar for each thing that is done, one line in a log file."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(24),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    drawn = console.is_terminal and not quiet
    with Progress(*columns, console=console, disable=not drawn) as progress:

        def report(what: str, done: int, total: int) -> None:
            what = harmless(what)  # a bar does not pass the console's filter
            if quiet:
                return
            if what not in tasks:
                for task in tasks.values():
                    progress.update(task, visible=False)
                tasks[what] = progress.add_task(what, total=None)
                if not console.is_terminal:
                    console.print(f"· {what}", soft_wrap=True)
            progress.update(tasks[what], completed=done, total=total or None)

        yield report
