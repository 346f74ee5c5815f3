"""What is in the folder of a run.

    <root>/<data>-<system>-<attack>-<id>/   config.yaml metrics.json weights.safetensors (+ .json)
                                            poison.json evaluation.safetensors (+ .json)
                                            hardened-<i>.safetensors (+ .json), of defense i
                                            manifest.json, the last: the hashes of all these
                                            pictures/*.png report.html log.jsonl
                                            certificates-<id>.json (+ .png)

A run is finished when its manifest is there. Whatever is read of a finished run has the hash that
the manifest says; the manifest has the id that its configuration and data give, and so has the
folder's name. So no figure is shown under another run's name.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from semvet.config import NUMERICS, content_id, written
from semvet.errors import Missing, StoreError
from semvet.records import Manifest, PoisonRecord, RunRecord
from semvet.store.files import (
    JSON_BYTES,
    LARGEST,
    append_line,
    as_json,
    as_model,
    explained,
    opened,
    read_model,
    read_yaml,
    write_model,
    write_text,
)
from semvet.store.locks import locked
from semvet.store.weights import Arrays, read_weights, sidecar, write_weights

NEEDED = ("config.yaml", "metrics.json")
WAY_OUT = "restore it, or delete its folder and start the run again"
KEPT = re.compile(r"poison\.json|(weights|evaluation|hardened-\d{1,4})\.(safetensors|json)")


@dataclass(frozen=True)
class RunFolder:
    """One run's files."""

    path: Path

    @property
    def id(self) -> str:
        return self._name.rpartition("-")[2]

    @property
    def _name(self) -> str:
        return os.path.basename(os.path.abspath(self.path))

    @property
    def finished(self) -> bool:
        return os.path.lexists(self.path / "manifest.json")

    @property
    def manifest(self) -> Manifest:
        """Raises Missing for a run that is not finished, StoreError for one that is mixed up."""
        if not self.finished:
            raise Missing(self._why_not_finished())
        path = self.path / "manifest.json"
        found = read_model(path, Manifest)
        self._is_of(found)
        return found

    @property
    def metrics(self) -> dict[str, Any]:
        path = self.path / "metrics.json"
        return as_json(path, self.content("metrics.json", most=JSON_BYTES))

    @property
    def record(self) -> RunRecord:
        """Raises StoreError, among others, for the record of another run."""
        path, manifest = self.path / "metrics.json", self.manifest
        found = as_model(path, self.content(path.name, most=JSON_BYTES), RunRecord)
        if (found.id, found.config.document()) != (manifest.id, manifest.config):
            raise StoreError(f"{path}: what it says is of another run, {found.name}; {WAY_OUT}")
        return found

    @property
    def config(self) -> dict[str, Any]:
        """Of an unfinished run too."""
        path = self.path / "config.yaml"
        if not self.finished:
            return read_yaml(path)
        manifest = self.manifest
        self._agrees("config.yaml", manifest)
        if read_yaml(path) != manifest.config:
            raise StoreError(f"{path}: not the configuration of the manifest; {WAY_OUT}")
        return manifest.config

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def check(self) -> None:
        """Every file of the run against the manifest. Raises what `manifest` and `content` do."""
        manifest = self.manifest
        _ = self.config
        for name in manifest.files:
            self._agrees(name, manifest)

    def content(self, name: str, *, most: int = LARGEST) -> bytes:
        """A file of a finished run. Raises StoreError unless it is as the run left it."""
        manifest = self.manifest
        with opened(self.path / name, most=most) as file:
            content = file.read(most)
        self._compare(name, manifest, hashlib.sha256(content).hexdigest())
        return content

    def weights(self) -> Arrays:
        """Raises WeightsError unless the file is safetensors and has the recorded hash."""
        return self._arrays("weights.safetensors")

    def hardened(self, index: int) -> Arrays:
        """Raises StoreError where that defense left no system of its own."""
        path = self.path / f"hardened-{index}.safetensors"
        if path.name not in self.manifest.files:
            names = sorted(one.stem for one in self.path.glob("hardened-*.safetensors"))
            raise StoreError(f"{path}: no such system; there: {', '.join(names) or 'none'}")
        return self._arrays(path.name)

    def evaluation(self) -> Arrays:
        """Example images, triggers and SSIM scores, as the report draws them."""
        return self._arrays("evaluation.safetensors")

    def certificates(self, content_id: str) -> Path:
        """The file that certificates of the run's pictures are in, or will be."""
        return self.path / f"certificates-{content_id}.json"

    def write_config(self, document: dict[str, Any]) -> None:
        """Of a run that begins, or begins anew: what it found before is no longer true."""
        with explained(self.path, "written"):
            for name in ("manifest.json", "metrics.json"):
                (self.path / name).unlink(missing_ok=True)
        write_text(self.path / "config.yaml", written(document))

    def write_metrics(self, record: RunRecord) -> None:
        write_model(self.path / "metrics.json", record)

    def write_poison(self, poison: PoisonRecord) -> None:
        write_model(self.path / "poison.json", poison)

    def write_weights(self, arrays: Arrays, description: dict[str, Any]) -> None:
        write_weights(self.path / "weights.safetensors", arrays, description)

    def write_hardened(self, index: int, arrays: Arrays, description: dict[str, Any]) -> None:
        """The system as defense number `index` of the run left it."""
        write_weights(self.path / f"hardened-{index}.safetensors", arrays, description)

    def write_evaluation(self, arrays: Arrays) -> None:
        write_weights(self.path / "evaluation.safetensors", arrays, {})

    def write_manifest(self, *, fingerprint: str, finished: datetime) -> None:
        """The last file of a run. Raises Missing if others were removed in the meantime."""
        with explained(self.path, "read"):
            files = {name for name in os.listdir(self.path) if KEPT.fullmatch(name)}
        manifest = Manifest(
            id=self.id, name=self._name.rpartition("-")[0],
            config=read_yaml(self.path / "config.yaml"), fingerprint=fingerprint,
            numerics=NUMERICS, finished=finished,
            files={name: self._digest(name) for name in sorted(files.union(NEEDED))},
        )  # fmt: skip
        self._is_of(manifest)
        write_model(self.path / "manifest.json", manifest)

    @contextmanager
    def drawing(self) -> Iterator[Path]:
        """The folder of pictures, for one process at a time."""
        pictures = self.path / "pictures"
        with locked(self.path, wait=lambda _: None, doing="drawing"):
            with explained(pictures, "written"):
                pictures.mkdir(exist_ok=True)
            yield pictures

    def log(self, event: str, **facts: Any) -> None:
        append_line(self.path / "log.jsonl", {"time": time.time(), "event": event, **facts})

    def _is_of(self, manifest: Manifest) -> None:
        """Raises StoreError for another run's manifest, or configuration."""
        path, wanted = self.path / "manifest.json", f"{manifest.name}-{manifest.id}"
        if not self._name.endswith(f"-{manifest.id}"):
            raise StoreError(
                f"{path}: of run {wanted}, but the folder is {self._name}; give it that name "
                "again, or delete the folder"
            )
        made = content_id(manifest.config, manifest.fingerprint, numerics=manifest.numerics)
        if made != manifest.id:
            raise StoreError(
                f"{path}: its configuration and data are those of a run {made}, not of "
                f"{wanted}; {WAY_OUT}"
            )

    def _arrays(self, name: str) -> Arrays:
        """The sidecar is the manifest's, the arrays are the sidecar's."""
        manifest, path = self.manifest, self.path / name
        beside = sidecar(path)
        said = as_json(beside, self.content(beside.name, most=JSON_BYTES)).get("sha256")
        self._compare(name, manifest, str(said))
        return read_weights(path)

    def _agrees(self, name: str, manifest: Manifest) -> None:
        self._compare(name, manifest, self._digest(name))

    def _digest(self, name: str) -> str:
        with opened(self.path / name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _compare(self, name: str, manifest: Manifest, found: str) -> None:
        if found != manifest.files.get(name):
            raise StoreError(
                f"{self.path / name}: not as the run left it: its SHA-256 is {found[:16]}..., "
                f"manifest.json says {manifest.files.get(name, 'nothing of it')[:16]}...; it was "
                f"changed, damaged, or is another run's; {WAY_OUT}"
            )

    def _why_not_finished(self) -> str:
        again = f"`semvet run {self.path / 'config.yaml'}`"
        if os.path.lexists(self.path / "metrics.json"):
            return (
                f"{self.path}: no manifest.json beside metrics.json: written by an earlier "
                "semvet (layout 2), or stopped at its last step; run the same configuration "
                f"again: {again}"
            )
        return f"{self.path}: not finished; {again} goes on with it"
