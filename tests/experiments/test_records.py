"""Every file in results/ that an experiment wrote is what its model says."""

import json

import pytest

from experiments.records.calibration import CALIBRATION, CURVES, POINT, SINGLE_POINT
from experiments.records.cards import CARDS
from experiments.records.files import RESULTS, read_results, write_results
from experiments.records.pruning import ENTRIES, PRUNING, add_entry, read_entries
from experiments.records.sweep import SWEEP, VARIANTS
from semvet.errors import StoreError

KINDS = {
    SWEEP: VARIANTS,
    PRUNING: ENTRIES,
    CALIBRATION / f"{POINT}.json": SINGLE_POINT,
    **{p: CURVES for p in sorted(CALIBRATION.glob("*.json")) if p.stem != POINT},
    **{RESULTS / "defenses" / f"{n}.json": CARDS for n in ("smoothing", "frontier", "adaptive")},
}
every_file = pytest.mark.parametrize("path", KINDS, ids=lambda p: str(p.relative_to(RESULTS)))


def test_no_file_is_left_out():
    written_by_a_command = {RESULTS / "attacks" / "cpu.json"}  # semvet leaderboard attacks --json
    assert {*RESULTS.rglob("*.json")} - written_by_a_command == {*KINDS}


@every_file
def test_a_file_says_the_same_after_it_was_read_and_written(path, tmp_path):
    kind, again = KINDS[path], tmp_path / "again.json"
    found = read_results(path, kind)
    assert found
    write_results(again, kind, found)
    before, after = (json.loads(p.read_text()) for p in (path, again))
    assert _said(after) == _said(before)
    assert read_results(again, kind) == found


def _said(value):
    """Without what is None: what nobody measured is null in one file and left out of another."""
    if isinstance(value, dict):
        return {key: _said(inner) for key, inner in value.items() if inner is not None}
    return [_said(inner) for inner in value] if isinstance(value, list) else value


def test_an_entry_replaces_its_namesake_and_changes_no_other(tmp_path):
    path = tmp_path / "pruning.json"
    path.write_bytes(PRUNING.read_bytes())
    first, *others = read_entries(path)
    add_entry(path, first)
    assert path.read_bytes() == PRUNING.read_bytes()
    add_entry(path, first.model_copy(update={"epochs": 1}))
    assert read_entries(path) == (first.model_copy(update={"epochs": 1}), *others)
    add_entry(path, first.model_copy(update={"seed": 7}))
    assert len(read_entries(path)) == len(others) + 2


def test_a_file_that_is_something_else_is_named(tmp_path):
    path = tmp_path / "pruning.json"
    path.write_text('{"data": "mnist"}')
    with pytest.raises(StoreError, match=r"pruning\.json: not figures of this script"):
        read_entries(path)
    path.write_text("[")
    with pytest.raises(StoreError, match="restore it or name another file"):
        read_entries(path)
