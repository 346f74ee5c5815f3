import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support import SOURCE

from semvet.errors import Missing, StoreError
from semvet.store import once, read_json, write_json

# Makes FOLDER/made.json in SECONDS, notes each making in NOTES, prints what it waits for and has.
MAKER = """
import os, sys, time
from pathlib import Path
from semvet.store import once, read_json, write_json

folder, notes, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])

def make():
    (notes / f"{os.getpid()}").touch()
    print("making", flush=True)
    for i in range(10):
        write_json(folder / f"step-{i}.json", {"step": i})
        time.sleep(seconds / 10)
    write_json(folder / "made.json", {"by": os.getpid()})

def say(text):
    print(text, flush=True)

print("ready", flush=True)
sys.stdin.readline()
print("has", once(folder, make, lambda: read_json(folder / "made.json"), wait=say,
                  doing="training the clean system"), flush=True)
"""


@pytest.fixture
def notes(tmp_path):
    """Where every making leaves a file."""
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"


@pytest.fixture
def start(notes):
    """Starts processes that want a folder, all at the same moment."""
    started = []

    def begin(folder: Path, *, seconds: float = 1.0, count: int = 1) -> list[subprocess.Popen]:
        command = [sys.executable, "-c", MAKER, str(folder), str(notes), str(seconds)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(count)]
        started.extend(processes)
        for one in processes:
            assert one.stdout.readline() == "ready\n"
        for one in processes:
            one.stdin.write("\n")
            one.stdin.flush()
        return processes

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def _ended(process: subprocess.Popen) -> list[str]:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out.splitlines()


def _litter(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.name == ".lock" or path.suffix == ".part"]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_what_several_want_at_once_is_made_once_and_all_have_it(tmp_path, start, notes, count):
    folder = tmp_path / "trained" / "abc"
    outputs = [_ended(one) for one in start(folder, seconds=2, count=count)]
    (maker,) = notes.iterdir()
    assert {lines[-1] for lines in outputs} == {f"has {{'by': {maker.name}}}"}
    waited = [line for lines in outputs for line in lines if line.startswith("waiting")]
    assert len(waited) == count - 1
    said = f"waiting for process {maker.name} on {os.uname().nodename}, which is training the "
    assert all(line.startswith(f"{said}clean system there since ") for line in waited)
    assert _litter(tmp_path) == []


def test_a_killed_maker_is_followed_by_the_next_in_line(tmp_path, start, notes):
    folder = tmp_path / "abc"
    (first,) = start(folder, seconds=60)
    assert first.stdout.readline() == "making\n"
    others = start(folder, seconds=0.2, count=3)
    for one in others:
        assert one.stdout.readline().startswith(f"waiting for process {first.pid} ")
    first.send_signal(signal.SIGKILL)
    assert first.wait(10) == -signal.SIGKILL
    outputs = [_ended(one) for one in others]
    (second,) = {path.name for path in notes.iterdir()} - {str(first.pid)}
    assert {lines[-1] for lines in outputs} == {f"has {{'by': {second}}}"}
    assert _litter(tmp_path) == []


def test_what_a_killed_maker_leaves_is_no_obstacle(tmp_path, start):
    folder = tmp_path / "abc"
    (first,) = start(folder, seconds=60)
    assert first.stdout.readline() == "making\n"
    first.kill()
    first.wait(10)
    assert (folder / ".lock").exists()
    assert not (folder / "made.json").exists()
    (folder / ".made.json.xyz.part").touch()
    assert _made(folder) == {"by": "us"}
    assert _litter(tmp_path) == []


def test_those_who_want_other_things_do_not_wait(tmp_path, start):
    (long,) = start(tmp_path / "long", seconds=60)
    assert long.stdout.readline() == "making\n"
    began = time.monotonic()
    assert _ended(*start(tmp_path / "short", seconds=0.1))[0] == "making"
    assert time.monotonic() - began < 20
    assert long.poll() is None


def _made(folder: Path, *, wait=None, make=None):
    def by_us() -> None:
        write_json(folder / "made.json", {"by": "us"})

    return once(folder, make or by_us, lambda: read_json(folder / "made.json"), wait=wait)


def test_what_is_there_is_taken_without_a_lock(tmp_path, start):
    (holder,) = start(tmp_path, seconds=60)
    assert holder.stdout.readline() == "making\n"
    write_json(tmp_path / "made.json", {"by": "somebody"})
    assert _made(tmp_path) == {"by": "somebody"}


def test_who_does_not_wait_is_told_who_works_there(tmp_path, start):
    (holder,) = start(tmp_path, seconds=60)
    assert holder.stdout.readline() == "making\n"
    message = rf"in use by process {holder.pid} on .*, which is training the clean system there"
    with pytest.raises(StoreError, match=message):
        _made(tmp_path)


def test_a_waiting_process_ends_at_ctrl_c(tmp_path, start):
    (holder,) = start(tmp_path, seconds=60)
    assert holder.stdout.readline() == "making\n"
    (other,) = start(tmp_path)
    assert other.stdout.readline().startswith("waiting")
    other.send_signal(signal.SIGINT)
    assert other.wait(5) != 0
    assert holder.poll() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"by": 1', "\x00"])
def test_half_made_is_made_again(tmp_path, content):
    (tmp_path / "made.json").write_text(content)
    assert _made(tmp_path) == {"by": "us"}


def test_a_folder_removed_while_it_is_made_is_made_again(tmp_path):
    folder, tries = tmp_path / "trained" / "abc", []

    def make():
        tries.append(1)
        write_json(folder / "poison.json", {})
        if len(tries) == 1:
            shutil.rmtree(folder)
            raise Missing("poison.json: gone")
        write_json(folder / "made.json", {"try": len(tries)})

    assert _made(folder, make=make) == {"try": 2}
    assert _litter(tmp_path) == []


def test_a_folder_that_does_not_stay_is_an_error_with_the_way_out(tmp_path):
    folder = tmp_path / "abc"
    message = r"abc: what was made there is gone .*made\.json.*start the same command again"
    with pytest.raises(StoreError, match=message):
        _made(folder, make=lambda: shutil.rmtree(folder))
    assert not folder.exists()
    assert _made(folder) == {"by": "us"}


def test_whoever_waits_makes_the_folder_again_that_was_removed_meanwhile(tmp_path, start):
    folder = tmp_path / "abc"
    (holder,) = start(folder, seconds=60)
    assert holder.stdout.readline() == "making\n"
    told, found = [], []
    waiting = threading.Thread(target=lambda: found.append(_made(folder, wait=told.append)))
    waiting.start()
    while not told:
        time.sleep(0.01)
    holder.kill()
    holder.wait(10)
    shutil.rmtree(folder, ignore_errors=True)
    waiting.join(20)
    assert found == [{"by": "us"}]


def test_an_error_of_the_maker_frees_the_folder_and_leaves_none_that_is_empty(tmp_path):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _made(tmp_path / "abc", make=fail)
    assert list(tmp_path.iterdir()) == []
    assert _made(tmp_path / "abc") == {"by": "us"}


def test_a_lock_of_an_unknown_holder_is_respected(tmp_path, start):
    """Its text may be anything: the flock counts."""
    (holder,) = start(tmp_path, seconds=60)
    assert holder.stdout.readline() == "making\n"
    (tmp_path / ".lock").write_text(json.dumps({"pid": 1e400}))
    with pytest.raises(StoreError, match="in use by another process"):
        _made(tmp_path)


@pytest.mark.parametrize("kind", ["folder", "link", "fifo"])
def test_what_lies_in_the_way_of_a_lock_is_named(tmp_path, kind):
    match kind:
        case "folder":
            (tmp_path / ".lock").mkdir()
        case "link":
            (tmp_path / ".lock").symlink_to("/dev/zero")
        case "fifo":
            os.mkfifo(tmp_path / ".lock")
    with pytest.raises(StoreError, match="cannot be written"):
        _made(tmp_path)
