"""Where runs live, and what is in their folders.

    <root>/<data>-<system>-<attack>-<id>/   config.yaml metrics.json weights.safetensors (+ .json)
                                            poison.json evaluation.safetensors pictures/*.png
                                            report.html log.jsonl
                                            certificates-<id>.json (+ .png)
                                            hardened-<i>.safetensors (+ .json), of defense i
    <root>/trained/<id>/                    weights, poison.json, training.json; a checkpoint
                                            while the training is under way

A run is finished when its metrics.json is there: that file is written last. Runs that train the
same system share one folder under `trained`.
"""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from semvet.errors import StoreError
from semvet.store.files import (
    append_line,
    read_json,
    read_yaml,
    write_json,
    write_text,
)
from semvet.store.locks import locked
from semvet.store.weights import Arrays, read_weights, write_weights


@dataclass(frozen=True)
class RunFolder:
    """One run's files. Reading works on unfinished runs too, as far as they got."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name.rsplit("-", 1)[-1]

    @property
    def finished(self) -> bool:
        return (self.path / "metrics.json").exists()

    @property
    def metrics(self) -> dict[str, Any]:
        if not self.finished:
            way_out = f"`semvet run {self.path / 'config.yaml'}` goes on with it"
            raise StoreError(f"{self.path}: not finished; {way_out}")
        return read_json(self.path / "metrics.json")

    @property
    def config(self) -> dict[str, Any]:
        return read_yaml(self.path / "config.yaml")

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def write_config(self, document: dict[str, Any]) -> None:
        write_text(self.path / "config.yaml", yaml.safe_dump(document, sort_keys=False))

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        write_json(self.path / "metrics.json", metrics)

    def write_poison(self, poison: dict[str, Any]) -> None:
        write_json(self.path / "poison.json", poison)

    def write_weights(self, arrays: Arrays, description: dict[str, Any]) -> None:
        write_weights(self.path / "weights.safetensors", arrays, description)

    def weights(self) -> Arrays:
        """Raises WeightsError unless the file is safetensors and has the recorded hash."""
        return read_weights(self.path / "weights.safetensors")

    def write_hardened(self, index: int, arrays: Arrays, description: dict[str, Any]) -> None:
        """The system as defense number `index` of the run left it."""
        write_weights(self.path / f"hardened-{index}.safetensors", arrays, description)

    def hardened(self, index: int) -> Arrays:
        """Raises StoreError where that defense left no system of its own."""
        path = self.path / f"hardened-{index}.safetensors"
        if not path.exists():
            names = sorted(one.stem for one in self.path.glob("hardened-*.safetensors"))
            raise StoreError(f"{path}: no such system; there: {', '.join(names) or 'none'}")
        return read_weights(path)

    def write_evaluation(self, arrays: Arrays) -> None:
        write_weights(self.path / "evaluation.safetensors", arrays, {})

    def evaluation(self) -> Arrays:
        """Example images, triggers and SSIM scores, as the report draws them."""
        return read_weights(self.path / "evaluation.safetensors")

    def certificates(self, content_id: str) -> Path:
        """The file that certificates of the run's pictures are in, or will be."""
        return self.path / f"certificates-{content_id}.json"

    def log(self, event: str, **facts: Any) -> None:
        append_line(self.path / "log.jsonl", {"time": time.time(), "event": event, **facts})


@dataclass(frozen=True)
class Store:
    root: Path

    def run(self, name: str, content_id: str) -> RunFolder:
        return RunFolder(self.root / f"{name}-{content_id}")

    def trained(self, content_id: str) -> Path:
        return self.root / "trained" / content_id

    def runs(self) -> list[RunFolder]:
        """Newest first."""
        folders = [RunFolder(path.parent) for path in self.root.glob("*/config.yaml")]
        return sorted(folders, key=lambda run: run.path.stat().st_mtime, reverse=True)

    def find(self, text: str) -> RunFolder:
        """By folder, by name or id (or their beginning), or `latest`.

        Raises StoreError with the runs that there are.
        """
        folder = Path(text)
        if (folder / "config.yaml").exists():
            return RunFolder(folder)
        runs = self.runs()
        if text == "latest" and runs:
            return runs[0]
        if not runs:
            raise StoreError(f"{self.root}: no runs yet; `semvet run quickstart` makes one")
        names = [(run, (run.path.name, run.id)) for run in runs]
        exact = [run for run, both in names if text in both]
        begun = [run for run, both in names if text and any(n.startswith(text) for n in both)]
        found = exact or begun
        if len(found) == 1:
            return found[0]
        listed = ", ".join(r.path.name for r in (found or runs)[:8])
        problem = "is not unique" if found else "is no run"
        raise StoreError(f"{text!r} {problem} in {self.root}; there: {listed} (or `latest`)")

    def lock(
        self, path: Path, *, wait: Callable[[str], None] | None = None, doing: str = "working"
    ) -> AbstractContextManager[None]:
        """One process at a time works on a folder; see `locked`."""
        return locked(path, wait=wait, doing=doing)


def default_store() -> Store:
    """`./runs`, or the folder that SEMVET_RUNS names."""
    return Store(Path(os.environ.get("SEMVET_RUNS") or "runs"))
