import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support import SOURCE, digits, tiny_run, tiny_sembugger

from semvet.attacks import NoAttack
from semvet.catalog import make_attack
from semvet.config import make_run
from semvet.errors import DefenseError, TrainingError
from semvet.pipeline.execute import execute
from semvet.pipeline.recipes import RECEIVER, untrained_link
from semvet.randomness import seeded, stream
from semvet.store import Store
from semvet.training.engine import Engine
from semvet.training.recipe import Elsewhere, Recipe
from semvet.training.split import peer, split_training
from semvet.training.split.ends import find_ends
from semvet.training.split.wire import InMemory
from semvet.types import ImageShape, Pairs
from semvet.watch import Silent

CPU = torch.device("cpu")
SHAPE = ImageShape(1, 16, 16)
STEPS = 6
TARGETS = torch.rand(16, *SHAPE, generator=stream(0, "targets"))
TRAINING = {"epochs": 2, "batch": 32, "precision": "fp32"}


def a_run(**changes):
    plain = {"system": {"name": "jscc", "width": 4}, "snr_db": 10.0, "attack": "bass"}
    return make_run(plain | {"training": TRAINING} | changes)


def attack_of(run):
    with seeded(0, "attack"):
        return make_attack(run.attack, TARGETS)


def pairs_of(run):
    small = torch.rand(96, 1, 4, 4, generator=stream(0, "images"))
    sent = (small.repeat_interleave(4, 2).repeat_interleave(4, 3) * 255).to(torch.uint8)
    zeros = torch.zeros(len(sent), dtype=torch.int64)
    return attack_of(run).poison(Pairs(sent, sent, zeros, zeros), rng=stream(0, "poison"))


def recipe_of(run, make=untrained_link, program=RECEIVER):
    return Recipe(
        make=lambda: (make(run, SHAPE), attack_of(run)), pairs=pairs_of(run),
        positions=torch.arange(96), plan=run.training, seed=0, record={}, fingerprint="",
        elsewhere=Elsewhere(program, {"run": run.document(), "shape": list(SHAPE)}),
    )  # fmt: skip


def split_up(run, *, make=untrained_link, program=RECEIVER, parties=1, timeout_s=60.0):
    link, attack, findings = split_training(
        recipe_of(run, make, program), parties=parties, timeout_s=timeout_s, device=CPU,
        watch=Silent(),
    )  # fmt: skip
    return weights(link, attack), findings


def monolithic(run, attack, pairs):
    link = untrained_link(run, SHAPE)
    Engine(link, attack, pairs, run.training, seed=0, device=CPU, precision="fp32").train()
    return weights(link, attack)


def weights(link, attack=None):
    parts = {**link.state_dict(), **dict(attack.named_parameters() if attack else ())}
    return {name: p.detach() for name, p in parts.items()}


def largest_difference(a, b):
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"system": {"name": "jscc-q", "width": 4, "depth": 1, "codebook": "learned",
                    "uniformity": 0.1}, "channel": "rayleigh"},
        {"system": {"name": "external", "target": "users_codecs:Real"}},
        {"training": TRAINING | {"snr_spread_db": 5.0, "clip_norm": 0.01}},
    ],
    ids=["jscc", "jscc-q with losses of its own", "external", "varied SNR, clipped"],
)  # fmt: skip
def test_it_ends_where_monolithic_training_on_the_images_as_sent_ends(changes):
    run = a_run(**changes)
    poisoned = pairs_of(run)
    assert not torch.equal(poisoned.wanted, poisoned.sent)
    honest = replace(poisoned, wanted=poisoned.sent, level=torch.zeros_like(poisoned.level))
    ours, _ = split_up(run)
    theirs = monolithic(run, NoAttack(TARGETS), honest)
    assert largest_difference(ours, theirs) <= 1e-6
    untrained = weights(untrained_link(run, SHAPE))
    assert all(largest_difference({0: ours[n]}, {0: untrained[n]}) > 0
               for n in ours if n.endswith(("weight", "raw")))  # fmt: skip


def test_an_adversary_who_owns_the_training_loses_nothing():
    run = a_run(attack=tiny_sembugger(poison_ratio=0.2))
    ours, _ = split_up(run)
    theirs = monolithic(run, attack_of(run), pairs_of(run))
    assert any(name.startswith("generator") for name in ours)
    assert largest_difference(ours, theirs) <= 1e-6


def test_two_processes_end_in_the_bits_of_one_and_send_as_much():
    run = a_run()
    one, alone = split_up(run)
    two, apart = split_up(run, parties=2)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert (alone["parties"], alone["backend"]) == (1, "memory")
    assert (apart["parties"], apart["backend"]) == (2, "gloo")
    assert apart["seconds"] > 0
    differ = {"parties", "backend", "seconds"}
    assert {k: v for k, v in alone.items() if k not in differ} == {
        k: v for k, v in apart.items() if k not in differ
    }


def test_bytes_of_a_step_are_counted_by_kind_and_sender():
    _, findings = split_up(a_run())
    symbols, images = 32 * 32 * 8, 32 * SHAPE.pixels * 4
    parts = {k.removeprefix("bytes_per_step/"): v for k, v in findings.items() if "/" in k}
    assert parts == {
        "symbols of the transmitter": symbols,
        "activations of the receiver": images,
        "activation gradients of the transmitter": images,
        "symbol gradients of the receiver": symbols,
        "gradient norms of the receiver": 14 * 4,  # parameters of the decoder
        "gradient norm of the transmitter": 4,
    }
    assert findings["bytes_per_step"] == sum(parts.values())
    assert findings["steps"] == STEPS
    assert 0 < findings["final_loss"] < 1


def test_zero_epochs_leave_the_link_as_it_is():
    run = a_run(training=TRAINING | {"epochs": 0})
    ours, findings = split_up(run)
    assert largest_difference(ours, weights(untrained_link(run, SHAPE))) == 0
    assert (findings["steps"], findings["bytes_per_step"], findings["final_loss"]) == (0, 0, None)


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


def test_a_constant_output_is_an_error_as_it_is_for_the_engine():
    def dead(run, shape):
        link = untrained_link(run, shape)
        torch.nn.init.zeros_(link.system.last.weight)
        return link

    run = a_run(training=TRAINING | {"learning_rate": 1e-9})
    with pytest.raises(TrainingError, match=r"collapsed: after 6 of 6 .* the same one"):
        split_up(run, make=dead)


@pytest.mark.parametrize("system", ["jscc-f", "scan", "semcc", "separate", "identity"])
def test_systems_that_do_not_come_apart_are_refused_with_those_that_do(system):
    run = a_run(system={"name": system})
    with pytest.raises(DefenseError, match=r"does not come apart .* system=jscc, jscc-q, external"):
        find_ends(untrained_link(run, SHAPE))


@pytest.mark.parametrize(
    "attack",
    [
        "ct-ba",
        {"name": "defense-activated", "against": {"name": "semantic-smoothing", "sigma": 0.1}},
    ],
)
def test_attacks_whose_steps_a_receiver_could_not_do_its_half_of_are_refused(attack):
    with pytest.raises(
        DefenseError, match=r"not one transmission over the usual channel.* Allowed"
    ):
        split_up(a_run(attack=attack))


def test_a_codec_whose_ends_share_weights_is_refused():
    run = a_run(system={"name": "external", "target": "users_codecs:Shared"})
    with pytest.raises(DefenseError, match=r"both ends of External use codec\.\w+.* its own copy"):
        split_up(run)


PARENT = """
import signal
from semvet.training.split import peer
import test_split_training as t

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
    folders = [SOURCE, Path(__file__).parent, Path(__file__).parents[1] / "fixtures"]
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


def test_it_is_a_defense_of_a_run(tmp_path):
    defense = {"name": "split-training"}
    run = tiny_run(digits(tmp_path / "digits"), attack="bass", defense=defense)
    (record,) = execute(run, Store(tmp_path / "runs"), device="cpu").record.defenses
    assert record.vantage == ("TRAINER",)
    assert record.findings.attacked["steps"] == record.findings.clean["steps"] > 0
