"""Split training ends where ordinary training ends, and refuses what it cannot do."""

from dataclasses import replace

import pytest
import torch
from split_trainings import (
    CPU,
    SHAPE,
    TARGETS,
    TRAINING,
    a_run,
    attack_of,
    pairs_of,
    split_up,
    weights,
)
from support import digits, tiny_run, tiny_sembugger

from semvet.attacks import NoAttack
from semvet.errors import DefenseError, TrainingError
from semvet.learning import train
from semvet.pipeline.execute import execute
from semvet.pipeline.recipes import untrained_link
from semvet.store import Store
from semvet.training.engine import Engine
from semvet.training.split.ends import find_ends

STEPS = 6


def monolithic(run, attack, pairs):
    link = untrained_link(run, SHAPE)
    engine = Engine(link, attack, pairs, run.training, seed=0, device=CPU, precision="fp32")
    train(engine, device=CPU)
    return weights(link, attack)


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


def test_it_is_a_defense_of_a_run(tmp_path):
    defense = {"name": "split-training"}
    run = tiny_run(digits(tmp_path / "digits"), attack="bass", defense=defense)
    (record,) = execute(run, Store(tmp_path / "runs"), device="cpu").record.defenses
    assert record.vantage == ("TRAINER",)
    assert record.findings.attacked["steps"] == record.findings.clean["steps"] > 0
