"""Five processes on one store: the same run twice, runs that share a clean system, another run."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import yaml
from support import SOURCE, digits, tiny_run

pytestmark = pytest.mark.slow
WORDS = {
    "bass": ["attack=bass"],
    "bass again": ["attack=bass"],
    "ihtg": ["attack={name: ihtg, generator_widths: [2, 4]}"],
    "sc-trojan": ["attack=sc-trojan"],
    "another": ["attack=bass", "seed=1"],
}


@pytest.fixture
def started(tmp_path):
    """All five, as (name, process, its standard error) would have them; `runs` is their store."""
    run = tiny_run(digits(tmp_path / "digits"), training={"epochs": 30, "batch": 32})
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(run))
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "SEMVET_RUNS": str(tmp_path / "runs")}
    processes = {}
    for name, words in WORDS.items():
        with (tmp_path / f"{name}.txt").open("w") as said:
            processes[name] = subprocess.Popen(
                [sys.executable, "-P", "-m", "semvet", "run", "tiny.yaml", *words], cwd=tmp_path,
                env=environment, stdout=subprocess.DEVNULL, stderr=said,
            )  # fmt: skip
    yield tmp_path, processes
    for process in processes.values():
        process.kill()
        process.wait()


def said(folder):
    return "\n".join((folder / f"{name}.txt").read_text() for name in WORDS)


@pytest.mark.parametrize("killed", [False, True])
def test_no_run_fails_none_is_trained_twice_and_no_lock_stays(started, killed):
    folder, processes = started
    if killed:
        while not (who := re.findall("training the clean system", said(folder))):
            time.sleep(0.05)
        (name,) = [n for n in WORDS if who[0] in (folder / f"{n}.txt").read_text()][:1]
        processes[name].send_signal(signal.SIGKILL)
        assert processes.pop(name).wait() == -signal.SIGKILL
    for name, process in processes.items():
        assert process.wait(timeout=500) == 0, (folder / f"{name}.txt").read_text()
    finished = sorted(path.parent.name for path in folder.glob("runs/*/manifest.json"))
    assert len(finished) >= 4 - killed
    trained = re.findall(r"training (the clean system|the system under [\w-]+)", said(folder))
    folders = list(folder.glob("runs/trained/*/training.json"))
    waited = said(folder).count("waiting for process")
    assert waited > 0
    # a sentence of somebody who waits names a training too; each was begun once, or once more
    begun = len(re.findall(r"^· training the", said(folder), re.MULTILINE))
    assert len(folders) <= begun <= len(folders) + killed
    assert trained
    assert not list(folder.glob("runs/**/*.part"))
