"""Where runs live, and how one is found.

    <root>/<data>-<system>-<attack>-<id>/   a run
    <root>/trained/<id>/                    weights, poison.json, training.json; a checkpoint
                                            while the training is under way

Runs that train the same system share one folder under `trained`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from semvet.errors import StoreError
from semvet.store.files import explained
from semvet.store.locks import locked
from semvet.store.runs import RunFolder

TRAINED = "trained"
MARKS = ("config.yaml", "manifest.json", "metrics.json")  # one of them makes a folder a run


@dataclass(frozen=True)
class Skipped:
    """A folder that cannot be read as a run."""

    path: Path
    why: str


@dataclass(frozen=True)
class Listing(Sequence[RunFolder]):
    """All runs that can be read: finished ones, the last one first, then unfinished ones."""

    finished: tuple[RunFolder, ...]
    unfinished: tuple[RunFolder, ...]  # by name
    skipped: tuple[Skipped, ...]

    @overload
    def __getitem__(self, index: int) -> RunFolder: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RunFolder]: ...
    def __getitem__(self, index: int | slice) -> RunFolder | Sequence[RunFolder]:
        return (self.finished + self.unfinished)[index]

    def __len__(self) -> int:
        return len(self.finished) + len(self.unfinished)


@dataclass(frozen=True)
class Store:
    root: Path

    def run(self, name: str, content_id: str) -> RunFolder:
        return RunFolder(self.root / f"{name}-{content_id}")

    def trained(self, content_id: str) -> Path:
        return self.root / TRAINED / content_id

    def runs(self) -> Listing:
        """Of the finished ones, only manifests are read. Raises StoreError for no readable root."""
        finished, unfinished, skipped = [], [], []
        for folder in self._folders():
            try:
                if folder.finished or os.path.lexists(folder.path / "metrics.json"):
                    finished.append((folder.manifest.finished, folder))
                else:
                    unfinished.append(folder)
            except StoreError as error:
                skipped.append(Skipped(folder.path, str(error)))
        finished.sort(key=lambda both: both[0], reverse=True)
        return Listing(tuple(run for _, run in finished), tuple(unfinished), tuple(skipped))

    def find(self, text: str) -> RunFolder:
        """By folder, by name or id (or their beginning), or `latest`, the last that finished.

        Raises StoreError with the runs that there are.
        """
        if text and any(os.path.lexists(os.path.join(text, mark)) for mark in MARKS):
            return RunFolder(Path(text))
        if text == "latest" and (finished := self.runs().finished):
            return finished[0]
        folders = list(self._folders())
        names = [(run, (run.path.name, run.id)) for run in folders]
        exact = [run for run, both in names if text in both]
        begun = [run for run, both in names if text and any(n.startswith(text) for n in both)]
        found = exact or begun
        if len(found) == 1:
            return found[0]
        if not folders:
            raise StoreError(f"{self.root}: no runs yet; `semvet run quickstart` makes one")
        listed = ", ".join(run.path.name for run in (found or folders)[:8])
        problem = "is not unique" if found else "is no run"
        raise StoreError(f"{text!r} {problem} in {self.root}; there: {listed} (or `latest`)")

    def lock(
        self, path: Path, *, wait: Callable[[str], None] | None = None, doing: str = "working"
    ) -> AbstractContextManager[None]:
        """One process at a time works on a folder; see `locked`."""
        return locked(path, wait=wait, doing=doing)

    def _folders(self) -> Iterator[RunFolder]:
        """By name."""
        if not os.path.lexists(self.root):
            return
        with explained(self.root, "read"):
            names = sorted(os.listdir(self.root))
        for name in names:
            path = self.root / name
            is_run = any(os.path.lexists(path / mark) for mark in MARKS)
            if is_run and name != TRAINED and not name.startswith("."):
                yield RunFolder(path)


def default_store() -> Store:
    """`./runs`, or the folder that SEMVET_RUNS names."""
    return Store(Path(os.environ.get("SEMVET_RUNS") or "runs"))
