"""However a command ends, it ends with a sentence and a documented exit code."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_runs import made_run
from support import SOURCE, python, semvet

from semvet import api
from semvet.cli.start import ALLOCATOR
from semvet.errors import StoreError


@pytest.fixture
def store(tmp_path, monkeypatch):
    root = tmp_path / "store"
    monkeypatch.setenv("SEMVET_RUNS", str(root))
    made_run(root, levels=1, defenses=1)
    return root


def raises(error):
    def load(*_, **__):
        raise error

    return load


def test_a_bug_is_one_line_and_a_traceback_in_a_file(store, monkeypatch):
    monkeypatch.setattr(api, "load", raises(ZeroDivisionError("of\x1b[2J\nzero")))
    status, out, err = semvet("show", "latest")
    assert (status, out) == (70, "")
    assert err.startswith("this is a bug of semvet (ZeroDivisionError: of\\u001b[2J zero)")
    assert "please report it" in err
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1
    (file,) = (store / "errors").iterdir()
    assert str(file) in err
    assert "Traceback" in file.read_text()


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_traceback_of_a_bug_is_shown_to_whoever_asks(store, monkeypatch, how):
    monkeypatch.setattr(api, "load", raises(ZeroDivisionError("zero")))
    monkeypatch.setenv("SEMVET_DEBUG", "1" if how == "variable" else "")
    words = ["--debug"] if how == "option" else []
    status, _, err = semvet(*words, "show", "latest")
    assert status == 70
    assert "Traceback" in err
    assert not (store / "errors").exists()


def test_a_bug_is_told_where_nothing_can_be_written(store, monkeypatch):
    monkeypatch.setattr(api, "load", raises(ZeroDivisionError("zero")))
    monkeypatch.setattr(api, "write_bytes", raises(StoreError("full")))
    status, _, err = semvet("show", "latest")
    assert status == 70
    assert "SEMVET_DEBUG=1 shows the traceback" in err


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (StoreError("no [such] run"), 2, "error: no [such] run\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (BrokenPipeError(errno.EPIPE, "closed"), 141, ""),
    ],
)
def test_every_other_end_has_its_code(store, monkeypatch, error, status, words):
    monkeypatch.setattr(api, "load", raises(error))
    assert semvet("show", "latest") == (status, "", words)


def test_words_that_mean_nothing_are_answered():
    for words, problem in ((["shwo"], "No such command 'shwo'."), (["show"], "Missing argument")):
        status, out, err = semvet(*words)
        assert (status, out) == (2, "")
        assert err.startswith(f"error: {problem}")
        assert "`semvet --help` says what there is" in err


@pytest.mark.parametrize("words", ["show latest", "show latest --json", "--help", "data list"])
@pytest.mark.parametrize("way", ["closed", "full"])
def test_output_that_is_closed_or_full_ends_without_a_traceback(store, way, words):
    if way == "full":
        with open("/dev/full", "w") as full:
            done = started(words, stdout=full)
            _, err = done.communicate(timeout=60)
        assert (done.returncode, err.count("\n")) == (2, 1)
        assert "standard output cannot be written (No space left on device)" in err
        return
    done = started(words, stdout=subprocess.PIPE)
    done.stdout.close()
    _, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (141, "")


def test_errors_that_nobody_can_read_end_without_a_traceback(store):
    with open("/dev/full", "w") as full:
        done = started("show nothing", stdout=subprocess.PIPE, stderr=full)
        out, _ = done.communicate(timeout=60)
    assert (done.returncode, out) == (2, "")


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
def test_ctrl_c_ends_without_a_traceback_at_any_moment(store, after_s):
    """From our first line on; before it, Python itself is starting."""
    done = started("run quickstart data.source=sample", stdout=subprocess.PIPE)
    for caught in (True, False):  # by Python, then by nobody: `start` has begun
        while catches_ctrl_c(done) != caught and done.poll() is None:
            time.sleep(0.0005)
    time.sleep(after_s)
    done.send_signal(signal.SIGINT)
    out, err = done.communicate(timeout=60)
    assert done.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in out + err


def catches_ctrl_c(process) -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << (signal.SIGINT - 1))


def started(words, **options):
    """As in a user's shell: `semvet` has to start itself a second time."""
    environment = {k: v for k, v in os.environ.items() if k not in ALLOCATOR}
    environment["PYTHONPATH"] = str(SOURCE)
    return subprocess.Popen(
        [sys.executable, "-m", "semvet", *words.split()], env=environment, text=True,
        **{"stderr": subprocess.PIPE, **options},
    )  # fmt: skip


@pytest.mark.parametrize(
    "words", ["show latest", "show latest --json", "leaderboard attacks", "leaderboard defenses"]
)
def test_reading_does_not_wait_for_torch(store, words):
    done = python("-X", "importtime", "-m", "semvet", *words.split(), check=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "semvet.records.run" in loaded
    assert not {"torch", "matplotlib", "scipy.stats", "datasets"} & loaded


def test_quiet_prints_only_where_the_result_is(store, monkeypatch):
    result = api.load("latest")
    monkeypatch.setattr(api, "run", lambda *_, **__: result)
    assert semvet("run", "quickstart", "-q") == (0, f"{result.report}\n", "")
