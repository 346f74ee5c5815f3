"""What `semvet show` prints of a made-up run."""

import re

import pytest
from made_runs import made_record, made_run
from support import semvet

from semvet.records import RunRecord


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Prints `semvet show` of a run with these options, in so many columns."""

    def show(*words, columns=80, **options):
        monkeypatch.setenv("COLUMNS", str(columns))
        folder = made_run(tmp_path, **options)
        status, out, err = semvet("show", folder.path, *words)
        assert (status, err) == (0, "")
        return out

    return show


def test_the_verdict_stands_first_and_the_report_last(shown):
    lines = shown(levels=1, defenses=1).splitlines()
    assert lines[0].startswith("mnist-jscc-sembugger-")
    assert lines[1].startswith("The backdoor is implanted")
    assert "packaged sample" in " ".join(lines[1:8])
    assert lines[-1].startswith("report: ")


def test_every_defense_is_one_line_with_its_verdict(shown):
    out = shown(levels=1, defenses=3)
    lines = [line for line in out.splitlines() if line.lstrip().startswith("smooth")]
    assert len(lines) == 3
    assert re.search(r"smooth sigma=0\.15 clip=false +0\.000 +3\.65 +backdoor gone", lines[1])


def test_the_full_tables_are_there_when_they_are_asked_for(shown):
    out = shown("--full", columns=160, levels=2, defenses=2)
    for word in ("ASR by level", "copies=32", "images/s", "certified radius", "strict argmax"):
        assert word in out
    assert "images/s" not in shown(levels=2, defenses=2)


def test_json_is_the_record_and_nothing_else(shown):
    printed = shown("--json", levels=2, defenses=1)
    assert RunRecord.model_validate_json(printed) == made_record(levels=2, defenses=1)


@pytest.mark.parametrize("columns", [60, 200])
def test_nothing_is_cut_off(shown, columns):
    out = shown(columns=columns, levels=2, defenses=2)
    assert "…" not in out
    for word in ("sigma=0.15", "clip=false", "backdoor", "gone", "0.970"):
        assert word in out
