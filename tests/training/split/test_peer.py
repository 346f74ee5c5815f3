"""The other party: what becomes of one that dies, lies, stays silent or is left alone."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from split_trainings import a_run, split_up
from support import SOURCE

from semvet.errors import DefenseError
from semvet.pipeline.recipes import untrained_link
from semvet.training.split import peer
from semvet.training.split.wire import InMemory

LIES = {
    "dies": r"receiver sent no activations at step 2 of 6: the connection broke; the receiver's "
    r"process \d+ was ended by SIGKILL\. Run it again",
    "falls_silent": r"receiver sent no activations at step 2 of 6: nothing for 6 s; the receiver's "
    r"process \d+ is still there\. Run it again, with a larger defense\.timeout_s",
    "raises": r"sent no activations at step 2 of 6: the connection broke; the receiver's process "
    r"\d+ ended with 1, saying: .*KeyError: 'my own bug'",
    "sends_nan": r"receiver sent symbol gradients with NaN or infinity at step 2 of 6: it is "
    r"faulty, or the training diverged\. Lower training\.learning_rate",
    "cuts_images": r"sent \{'shape': \[32, 1, 15, 16\]\} instead of \{'shape': \[32, 1, 16, 16\]\} "
    r"where its activations belong, at step 2 of 6\. Both processes need the same",
    "babbles": r"sent \{'kind': 'no header', .* instead of \{'kind': 'activations'",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_peer_that_goes_wrong_ends_in_an_error_that_says_who_what_and_when(lie, monkeypatch):
    program = f"from lying_peers import {lie}; {lie}()"
    assert re.search(LIES[lie], _error_of(program, monkeypatch), re.DOTALL)


def test_a_peer_that_does_not_start_is_not_waited_for(monkeypatch):
    error = _error_of("raise SystemExit('no such receiver')", monkeypatch)
    assert re.search(
        r"did not start .*: the receiver's process \d+ ended with 1, saying: no", error
    )


def test_a_peer_that_does_not_connect_is_not_waited_for_longer_than_a_message(monkeypatch):
    program = (
        "import json, pathlib, sys, time; order = json.loads(sys.stdin.readline()); "
        "(pathlib.Path(order['folder']) / 'ready').touch(); time.sleep(600)"
    )
    error = _error_of(program, monkeypatch)
    assert re.search(r"the other process did not appear: nothing for 6 s; .* still there", error)


def _error_of(program, monkeypatch):
    """Of a training with that receiver; it is in time, and nobody is left."""
    processes, ready = [], []
    start, wait = peer._start, peer._wait_until_ready
    monkeypatch.setattr(peer, "_start", lambda *a: processes.append(start(*a)) or processes[0])
    monkeypatch.setattr(
        peer, "_wait_until_ready", lambda *a: wait(*a) or ready.append(time.monotonic())
    )
    with pytest.raises(DefenseError) as error:
        split_up(a_run(), program=program, parties=2, timeout_s=6.0)
    for began in ready:
        assert time.monotonic() - began < 2 * 6
    assert processes[0].poll() is not None
    return str(error.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "torch.float64"}, r"sent \{'type': 'torch.float64'\} instead of .*float32"),
        ({"step": 3}, r"sent \{'step': 3\} instead of \{'step': 2\}"),
        ({"kind": "symbols"}, r"sent \{'kind': 'symbols'\} instead of \{'kind': 'activations'\}"),
    ],
)
def test_a_message_that_is_not_in_the_script_is_refused_by_its_header(change, said, monkeypatch):
    honest = InMemory._put

    def put(wire, header, content):
        wrong = (header["kind"], header["step"]) == ("activations", 2)
        honest(wire, header | change if wrong else header, content)

    monkeypatch.setattr(InMemory, "_put", put)
    with pytest.raises(DefenseError, match=said):
        split_up(a_run())


def test_a_transmitter_that_diverges_is_reported_by_the_receiver():
    def spoiled(run, shape):
        link = untrained_link(run, shape)
        torch.nn.init.constant_(link.system.encoder[0][0].bias, float("nan"))
        return link

    with pytest.raises(
        DefenseError, match=r"transmitter sent symbols with NaN or infinity at step 0 of 6"
    ):
        split_up(a_run(), make=spoiled)


PARENT = """
import signal
from semvet.training.split import peer
import split_trainings as t

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell's & began it all

start = peer._start
def told(*arguments):
    process = start(*arguments)
    print(process.pid, flush=True)
    return process
peer._start = told
t.split_up(t.a_run(training=t.TRAINING | {"epochs": 100_000}), parties=2)
"""


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
def test_the_receiver_never_outlives_the_transmitter(way):
    folders = [SOURCE, Path(__file__).parents[2] / "fixtures"]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
    )  # fmt: skip
    try:
        receiver = int(parent.stdout.readline())
        time.sleep(1)
        assert Path(f"/proc/{receiver}").exists()
        parent.send_signal(way)
        parent.wait(timeout=60)
        deadline = time.monotonic() + 20
        while _runs(receiver):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        parent.kill()
        parent.stdout.close()


def _runs(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip()[:1] not in ("", "Z")
