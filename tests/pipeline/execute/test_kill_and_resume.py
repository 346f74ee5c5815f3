"""A run that is killed at any moment goes on where it was and ends in the same metrics."""

import json
import random
import shutil
import signal
from pathlib import Path

import pytest
from support import digits, python, tiny_run, tiny_sembugger

from semvet.pipeline.execute import execute
from semvet.store import RunFolder, Store, read_json
from semvet.training.engine import Engine

STEPS = 24  # of each of the two trainings: first the clean system, then the attacked one
ATTACKS = ("NoAttack", "SemBugger")

# Does a run with a checkpoint after every step, prints where each training starts, and kills itself
# between a step and its checkpoint, or instead of writing a file of the run's folder.
CHILD = """
import json, os, signal, sys
from pathlib import Path
from semvet.training.engine import Engine
from semvet.pipeline.execute import execute
from semvet.store import RunFolder, Store

folder, document, attack, step, writing = json.loads(sys.argv[1])
learn = Engine.learn
started = set()

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def watched(engine, now):
    under = type(engine.objective.attack).__name__
    if under not in started:
        print(under, now, flush=True)
        started.add(under)
    terms = learn(engine, now)
    if [under, now] == [attack, step]:
        die()
    return terms

Engine.learn = watched
if writing:
    setattr(RunFolder, writing, die)
execute(document, Store(Path(folder)), device="cpu", checkpoint_every_s=0)
"""


def _in_a_process(folder, run, *, attack="", step=-1, writing="", killed=True) -> list[str]:
    """Where the trainings started, for example ["NoAttack 0"]."""
    done = python("-c", CHILD, json.dumps([str(folder), run, attack, step, writing]))
    assert done.returncode == (-signal.SIGKILL if killed else 0), done.stderr
    return done.stdout.splitlines()


def _here(folder: Path, run: dict) -> RunFolder:
    return execute(run, Store(folder), device="cpu")


def _comparable(metrics: dict) -> dict:
    """Everything but speed and provenance."""
    defenses = [{k: v for k, v in d.items() if k != "ms_per_image"} for d in metrics["defenses"]]
    return {**metrics, "defenses": defenses, "speed": None, "provenance": None}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return tiny_run(
        digits(tmp_path_factory.mktemp("digits")),
        attack=tiny_sembugger(),
        defense={"name": "semantic-smoothing", "copies": 2},
    )


@pytest.fixture(scope="module")
def unbroken(run, tmp_path_factory):
    root = tmp_path_factory.mktemp("unbroken")
    metrics = _here(root, run).metrics
    steps = [read_json(path)["steps"] for path in root.rglob("training.json")]
    assert steps == [STEPS, STEPS]
    assert metrics["defenses"][0]["ms_per_image"] > 0
    return _comparable(metrics)


@pytest.fixture(scope="module")
def killed_in_training(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    _in_a_process(folder, run, attack="SemBugger", step=15)
    return folder


@pytest.fixture
def started(monkeypatch):
    """The first step of every training in this process."""
    steps, learn = {}, Engine.learn

    def watched(engine, step):
        steps.setdefault(type(engine.objective.attack).__name__, step)
        return learn(engine, step)

    monkeypatch.setattr(Engine, "learn", watched)
    return steps


def test_a_run_killed_at_five_steps_ends_in_the_metrics_of_an_unbroken_one(unbroken, run, tmp_path):
    kills = sorted(random.Random(0).sample(range(2 * STEPS), 5))
    assert {kill // STEPS for kill in kills} == {0, 1}  # both trainings are hit
    resumed_at = 0
    for kill in kills:
        trace = _in_a_process(tmp_path, run, attack=ATTACKS[kill // STEPS], step=kill % STEPS)
        assert trace[0] == f"{ATTACKS[resumed_at // STEPS]} {resumed_at % STEPS}"
        resumed_at = kill  # its checkpoint was not written any more, so this step is done again
    trace = _in_a_process(tmp_path, run, killed=False)
    assert trace == [f"{ATTACKS[resumed_at // STEPS]} {resumed_at % STEPS}"]
    assert _comparable(_here(tmp_path, run).metrics) == unbroken
    assert not [*tmp_path.rglob("checkpoint*"), *tmp_path.rglob(".*.part")]


@pytest.mark.parametrize("writing", ["write_weights", "write_metrics", "write_manifest"])
def test_a_run_killed_after_training_does_not_train_again(
    unbroken, run, tmp_path, started, writing
):
    _in_a_process(tmp_path, run, writing=writing)
    folder = _here(tmp_path, run)
    assert started == {}
    assert _comparable(folder.metrics) == unbroken


def test_a_checkpoint_is_resumed_from(unbroken, run, tmp_path, started, killed_in_training):
    store = shutil.copytree(killed_in_training, tmp_path / "copy")
    folder = _here(store, run)
    assert started == {"SemBugger": 15}
    assert _comparable(folder.metrics) == unbroken


@pytest.mark.parametrize("damage", ["truncated", "changed", "of another kind", "pickled"])
def test_a_damaged_checkpoint_costs_time_but_not_the_run(
    unbroken, run, tmp_path, started, killed_in_training, damage
):
    store = shutil.copytree(killed_in_training, tmp_path / "copy")
    (path,) = store.rglob("checkpoint.safetensors")
    content = bytearray(path.read_bytes())
    match damage:
        case "truncated":
            del content[-1000:]
        case "changed":
            content[-1000] ^= 1
        case "of another kind":
            (weights,) = store.rglob("weights.safetensors")
            content = weights.read_bytes()
        case "pickled":
            content = b"\x80\x04N."
    path.write_bytes(content)
    folder = _here(store, run)
    assert started == {"SemBugger": 0}
    assert _comparable(folder.metrics) == unbroken
