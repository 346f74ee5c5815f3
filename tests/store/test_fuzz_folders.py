"""Finished runs, damaged by chance and on purpose: read as they were, or refused in words."""

import contextlib
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from damaged_folders import DAMAGES, sign, swapped
from support import digits, tiny_run

from semvet.config import override
from semvet.errors import StoreError
from semvet.pipeline.execute import execute
from semvet.store import RunFolder, Store

LONGEST_S = 20  # of reading everything once, on a busy machine


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """A store with two finished runs, and what they trained."""
    root = tmp_path_factory.mktemp("original")
    document = tiny_run(
        digits(root / "digits"), attack="bass", training={"epochs": 1, "batch": 32},
        defense=["none", {"name": "fine-tuning", "steps": 2}],
    )  # fmt: skip
    document["evaluation"] |= {"studies": []}
    for seed in (0, 1):
        execute(override(document, [f"seed={seed}"]), Store(root / "store"), device="cpu")
    return root / "store"


@pytest.fixture
def store(original, tmp_path) -> Store:
    return Store(shutil.copytree(original, tmp_path / "store"))


READINGS: dict[str, Callable[[RunFolder], object]] = {
    "manifest": lambda run: run.manifest,
    "config": lambda run: run.config,
    "metrics": lambda run: run.metrics,
    "record": lambda run: run.record,
    "weights": lambda run: _plain(run.weights()),
    "hardened": lambda run: _plain(run.hardened(1)),
    "evaluation": lambda run: _plain(run.evaluation()),
    "check": lambda run: run.check(),
    "latest": lambda run: Store(run.path.parent).find("latest").path,
    "find": lambda run: Store(run.path.parent).find(run.id).path,
}


def _plain(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in arrays.items()}


def _read(run: RunFolder) -> dict[str, object]:
    """Each reading's value, or the StoreError. Whatever else is raised, is raised."""
    found = {}
    for name, reading in READINGS.items():
        try:
            found[name] = reading(run)
        except StoreError as error:
            found[name] = error
    said = [str(error) for error in found.values() if isinstance(error, StoreError)]
    assert all(str(run.path.parent) in sentence for sentence in said)
    return found


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    def late(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _restore(folder: Path, contents: dict[Path, bytes]) -> None:
    shutil.rmtree(folder)
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _fuzz(store: Store, seeds: range) -> dict[str, int]:
    """How many damages changed nothing, were refused, or were forged well enough to be shown."""
    victim, other = store.runs().finished
    intact, others = _read(victim), _read(other)
    before, untouched = _contents(victim.path), _contents(other.path)
    names = sorted(victim.manifest.files) + 3 * ["manifest.json"]
    counts = {"as it was": 0, "refused": 0, "another value": 0}
    for seed in seeds:
        rng = random.Random(seed)
        name, damage, forged = rng.choice(names), rng.choice(DAMAGES), rng.random() < 0.5
        damage(victim.path / name, other.path / name, rng)
        if forged:
            with contextlib.suppress(OSError, ValueError, KeyError):
                sign(victim.path, name)
        what = f"seed {seed}: {name} {damage.__name__}{' and signed' if forged else ''}"
        try:
            with _within(LONGEST_S):
                found, listing = _read(victim), store.runs()
                assert other in listing.finished
        except Exception as error:
            raise AssertionError(what) from error
        shown = {part for part in found if not isinstance(found[part], StoreError)}
        changed = {part for part in shown - {"latest"} if found[part] != intact[part]}
        if name == "manifest.json":
            changed -= {"manifest"}  # the hour when it finished has no hash
        assert forged or not changed, (what, changed)
        assert "record" not in changed or damage is not swapped, what
        refused = len(shown) < len(found)
        forgery = bool(changed - {"manifest"})
        counts["refused" if refused else "another value" if forgery else "as it was"] += 1
        assert _contents(other.path) == untouched, what
        _restore(victim.path, before)
    assert _read(other) == others
    assert _read(victim) == intact
    return counts


def test_damaged_folders_are_read_as_they_were_or_refused(store):
    counts = _fuzz(store, range(100))
    assert counts["refused"] > 80


@pytest.mark.slow
def test_two_thousand_damaged_folders_are_read_as_they_were_or_refused(store):
    counts = _fuzz(store, range(1000, 3000))
    print(counts)  # for the record
    assert counts["refused"] > 1600


@pytest.mark.parametrize("name", ["manifest.json", "metrics.json", "config.yaml"])
def test_a_pipe_in_place_of_a_file_stops_nothing(store, name):
    victim, other = store.runs().finished
    (victim.path / name).unlink()
    os.mkfifo(victim.path / name)
    with _within(LONGEST_S):
        found, listing = _read(victim), store.runs()
    assert isinstance(found["check"], StoreError)
    assert other in listing
