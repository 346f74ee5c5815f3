"""Benchmarks and experiments can be imported, and say what they take before they do anything."""

import importlib
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in ("benchmarks", "experiments")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.stem != "__init__"
]
SCRIPTS = [
    name for name in MODULES if "__main__" in (ROOT / f"{name.replace('.', '/')}.py").read_text()
]


@pytest.fixture
def start(monkeypatch, capsys):
    """`python -m NAME WORDS` in this process: exit code, standard output, standard error."""

    def start(name: str, *words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", [name, *words])
        monkeypatch.delitem(sys.modules, name, raising=False)
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        return ended.value.code or 0, *capsys.readouterr()

    return start


@pytest.mark.parametrize("name", MODULES)
def test_every_module_can_be_imported(name):
    assert importlib.import_module(name).__doc__


def test_experiments_wait_in_one_folder_and_benchmarks_in_another():
    assert [name for name in SCRIPTS if name.startswith("benchmarks.")] == [
        "benchmarks.certificates",
        "benchmarks.steps",
        "benchmarks.training",
    ]
    listed = (ROOT / "experiments" / "__init__.py").read_text()
    for name in SCRIPTS:
        if name.startswith("experiments."):
            assert f"\n{name.removeprefix('experiments.')} " in listed, name


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_comes_before_any_work(name, start, runs):
    before = _changed_last()
    code, out, err = start(name, "--help")
    assert (code, err) == (0, "")
    assert f"usage: python -m {name} " in out
    assert not runs.exists()
    assert _changed_last() == before


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_is_not_understood_ends_in_words(name, start, runs):
    code, out, err = start(name, "--no-such-option")
    assert (code, out) == (2, "")
    assert "--no-such-option" in err or "the following arguments are required" in err
    assert "Traceback" not in err
    assert not runs.exists()


@pytest.mark.parametrize("name", ["experiments.pruning", "experiments.defenses"])
def test_a_run_that_is_not_there_is_named(name, start, tmp_path):
    words = [str(tmp_path / "out.json")] if name == "experiments.defenses" else []
    code, out, err = start(name, *words, "no-such-run")
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert not list(tmp_path.glob("*.json"))


def _changed_last() -> dict[Path, int]:
    files = [p for folder in ("results", "docs") for p in (ROOT / folder).rglob("*") if p.is_file()]
    return {path: path.stat().st_mtime_ns for path in files}
