"""Real signals to real processes: a message, the conventional code, and next to nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import SOURCE, digits, tiny_run, tiny_sembugger

from semvet.store import read_checkpoint

# Runs semvet's command line; prints a line for every step that a system's training has finished.
CHILD = """
import sys, time
from semvet.training.engine import Engine

learn = Engine.learn

def watched(engine, step):
    terms = learn(engine, step)
    time.sleep(0.02)
    print(type(engine.objective.attack).__name__, step + 1, flush=True)
    return terms

Engine.learn = watched
from semvet.cli.app import app
app()
"""
SPLIT = """
from semvet.training.split.parties import Transmitter

learn = Transmitter.learn

def watched(transmitter, step):
    terms = learn(transmitter, step)
    print("split", step + 1, flush=True)
    return terms

Transmitter.learn = watched
from semvet.cli.app import app
app()
"""


@pytest.fixture
def run(tmp_path):
    document = tiny_run(
        digits(tmp_path / "digits", 200), attack=tiny_sembugger(),
        training={"epochs": 40, "batch": 32},
    )  # fmt: skip
    path = tmp_path / "run.yaml"
    path.write_text(json.dumps(document))
    return path


def started(folder, run, program=CHILD, *overrides):
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "SEMVET_RUNS": str(folder / "runs"),
                   "TMPDIR": str(temporary)}  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", program, "run", str(run), "--device", "cpu", *overrides],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def until(process, wanted):
    """Waits for a line, and leaves the process running."""
    for line in process.stdout:
        if line.strip() == wanted:
            return
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131), (signal.SIGINT, 130)],
)
def test_a_stopped_training_loses_no_step(tmp_path, run, number, code):
    process = started(tmp_path, run)
    until(process, "NoAttack 10")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "stopped; the same command goes on" in err
    assert "Traceback" not in err
    (path,) = (tmp_path / "runs").rglob("checkpoint.safetensors")
    done = int(out.split()[-1]) if out else 10
    assert read_checkpoint(path)[1]["step"] == done
    assert not [*(tmp_path / "runs").rglob(".*.part")]

    if number == signal.SIGTERM:
        again = started(tmp_path, run)
        assert again.stdout.readline() == f"NoAttack {done + 1}\n"  # the very next one comes first
        again.kill()
        again.communicate()


def test_what_is_ignored_goes_on(tmp_path, run):
    """As under nohup."""
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + CHILD
    process = started(tmp_path, run, ignoring)
    until(process, "NoAttack 3")
    process.send_signal(signal.SIGHUP)
    until(process, "NoAttack 8")
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_split_training_leaves_no_process_and_no_folder(tmp_path, run, number):
    process = started(
        tmp_path, run, SPLIT, "defense.name=split-training", "defense.parties=2", "attack=bass",
        "training.epochs=8",
    )  # fmt: skip
    until(process, "split 2")
    (folder,) = (tmp_path / "temporary").glob("semvet-split-*")
    receivers = [pid for pid in Path("/proc").glob("[0-9]*") if parent_of(pid) == process.pid]
    assert receivers
    process.send_signal(number)
    process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while folder.exists() or any(alive(pid) for pid in receivers):
        assert time.monotonic() < deadline, "still there"
        time.sleep(0.05)
    assert process.returncode == (143 if number == signal.SIGTERM else -signal.SIGKILL)


def parent_of(pid):
    try:
        return int((pid / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, ValueError):
        return None


def alive(pid):
    try:
        return (pid / "stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False
