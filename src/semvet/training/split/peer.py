"""The receiver as a process of its own: started, watched and ended by the transmitter.

transmitter  --stdin: what to train, as JSON-->  receiver      "ready", a file
             <------------ gloo on the loopback interface ------------>
             --stdin ends-->  the receiver ends, whatever it is doing, and tidies up
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from semvet.config import TrainingPlan
from semvet.errors import DefenseError, SemvetError
from semvet.systems import Transceiver
from semvet.training.recipe import Elsewhere
from semvet.training.split.ends import find_ends
from semvet.training.split.parties import Course, Receiver
from semvet.training.split.wire import WAY_OUT, Gloo, Wire

STARTING_S = 120.0  # Python and torch take their time on a busy machine
SHOWN = 500  # characters of a dead receiver's last words


@contextmanager
def receiver_process(elsewhere: Elsewhere, course: Course, *, timeout_s: float) -> Iterator[Wire]:
    """A wire to a receiver that was started for it, and is gone when the context ends.

    Raises DefenseError: it does not start.
    """
    with TemporaryDirectory(prefix="semvet-split-") as name:
        folder = Path(name)
        order = {
            **elsewhere.order, "plan": course.training.model_dump(mode="json"),
            "seed": course.seed, "steps": course.steps, "images": course.images,
            "device": str(course.device), "precision": course.precision,
            "threads": torch.get_num_threads(), "folder": name, "timeout_s": timeout_s,
        }  # fmt: skip
        process = _start(folder, elsewhere.program, order)

        def peer(patience_s: float) -> str:
            return _state_of(process, folder, patience_s)

        try:
            _wait_until_ready(process, folder, peer)
            yield Gloo(
                folder / "rendezvous", 0, steps=course.steps, timeout_s=timeout_s,
                device=course.device, peer=peer,
            )  # fmt: skip
        finally:
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()


def _start(folder: Path, program: str, order: dict[str, Any]) -> subprocess.Popen:
    # the same modules as here, wherever this process got them from, and none of the current folder
    path = os.pathsep.join(entry for entry in sys.path if entry)
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=errors, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    process.stdin.flush()
    return process


def _state_of(process: subprocess.Popen, folder: Path, patience_s: float) -> str:
    """What is known of the receiver's process, for an error."""
    try:
        status = process.wait(timeout=patience_s)
    except subprocess.TimeoutExpired:
        return f"the receiver's process {process.pid} is still there"
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with {status}"
    words = (folder / "errors").read_text(errors="replace").strip()
    last = f", saying: {words[-SHOWN:]}" if words else ""
    return f"the receiver's process {process.pid} {how}{last}"


def _wait_until_ready(
    process: subprocess.Popen, folder: Path, peer: Callable[[float], str]
) -> None:
    deadline = time.monotonic() + STARTING_S
    while not (folder / "ready").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise DefenseError(
                f"split-training: the receiver did not start (it has {STARTING_S:g} s): "
                f"{peer(0.0)}. {WAY_OUT}"
            )
        time.sleep(0.02)


def main(make: Callable[[dict[str, Any]], Transceiver]) -> None:
    """The receiver's process: one line of JSON on stdin, which stays open while it is needed.

    Args:
        make: the untrained link, from what that line says.
    """
    order = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it without a traceback
    watcher = threading.Thread(target=_end_with_stdin, args=[order["folder"]], daemon=True)
    watcher.start()
    try:
        receive(order, lambda: make(order))
    except SemvetError as error:
        sys.exit(str(error))
    watcher.join()  # until the transmitter has read everything


def receive(order: dict[str, Any], make: Callable[[], Transceiver]) -> None:
    """Trains the receiver's half, then hands it over."""
    torch.set_num_threads(order["threads"])
    course = Course(
        order["steps"],
        order["images"],
        TrainingPlan.model_validate(order["plan"]),
        order["seed"],
        torch.device(order["device"]),
        order["precision"],
    )
    ends = find_ends(make())
    receiver = Receiver(make(), ends, course)
    folder = Path(order["folder"])
    (folder / "ready").touch()
    receiver.wire = Gloo(
        folder / "rendezvous", 1, steps=course.steps, timeout_s=order["timeout_s"],
        device=course.device, peer=lambda _: "the transmitter may be gone",
    )  # fmt: skip
    for step in range(course.steps):
        receiver.decode(step)
        receiver.answer(step)
        receiver.learn(step)
    receiver.hand_over()


def _end_with_stdin(folder: str) -> None:
    os.read(0, 1)  # nothing ever comes but the end
    shutil.rmtree(folder, ignore_errors=True)  # a transmitter that was killed cannot do it
    os._exit(1)
