"""The command as a process: help, version, the folder it is started in."""

import re

import pytest
from support import python, semvet

from semvet.cli.start import ALLOCATOR


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["data", "--help"]])
def test_help_is_there(arguments):
    status, out, _ = semvet(*arguments)
    assert status == 0
    assert "Usage" in out


@pytest.fixture
def fresh(monkeypatch):
    """As in a user's shell: `semvet` has to start itself a second time to set the allocator."""
    for name in ALLOCATOR:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("fresh")
def test_the_version_comes_without_waiting_for_torch():
    done = python("-X", "importtime", "-m", "semvet", "--version", check=True)
    assert re.fullmatch(r"semvet \d+\.\d+\.\d+\S*\n", done.stdout)
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert {"semvet", "typer"} <= loaded
    assert not {"torch", "numpy", "pyarrow"} & loaded


@pytest.mark.parametrize(
    ("name", "assignment", "words"),
    [
        ("quickstart", "snr_bd=5", "error: snr_bd: unknown key; did you mean 'snr_db'?"),
        (
            "quickstart",
            "training.epochs=-1",
            "error: training.epochs: -1 is not allowed; allowed: ",
        ),
        ("compare-attacks", "seed=[0,x]", "error: seed: 'x' is not allowed; allowed: a whole"),
        ("compare-attacks", "seed=[]", "error: compare.seed: [] is not allowed; allowed: a list"),
    ],
)
def test_a_wrong_key_is_answered_without_waiting_for_torch(name, assignment, words):
    done = python("-X", "importtime", "-m", "semvet", "run", name, assignment)
    assert done.returncode == 2
    assert words in done.stderr
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "semvet.config" in loaded
    assert not {"torch", "numpy", "scipy", "semvet.api"} & loaded


@pytest.mark.usefixtures("fresh")
def test_the_folder_that_it_is_started_in_is_not_searched_for_code(tmp_path):
    """Whoever vets a stranger's model starts semvet in the stranger's folder."""
    (tmp_path / "yaml.py").write_text("raise SystemExit('stranger code ran')")
    done = python("-P", "-m", "semvet", "--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("fresh")
def test_a_real_process_ends_in_status_2_without_a_traceback(tmp_path):
    done = python("-m", "semvet", "run", "quickstart", "attack.levels=0", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: attack.levels: 0 is not allowed; allowed: ")
    assert list(tmp_path.iterdir()) == []
