import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call

from semvet.attacks import NoAttack, SemBugger
from semvet.channels import AWGN
from semvet.config import TrainingPlan
from semvet.errors import TrainingError
from semvet.learning import train
from semvet.randomness import seeded, stream
from semvet.store import read_checkpoint, write_checkpoint
from semvet.systems import JSCC, Transceiver
from semvet.training.checkpoint import checkpoints
from semvet.training.engine import Engine
from semvet.types import ImageShape, Pairs

SHAPE, CPU = ImageShape(1, 28, 28), torch.device("cpu")


def engine(attack=None, plan=None, precision="fp32", frozen=False):
    rng = stream(0, "data")
    blobs = torch.rand(256, 1, 7, 7, generator=rng).repeat_interleave(4, 2).repeat_interleave(4, 3)
    data = (blobs * 255).to(torch.uint8)
    zeros = torch.zeros(len(data), dtype=torch.int64)
    with seeded(0, "parts"):
        attack = attack or SemBugger(blobs[:16], levels=2, generator_widths=(2, 4))
        link = Transceiver(JSCC(SHAPE, width=4), AWGN(), snr_db=25.0).requires_grad_(not frozen)
    pairs = attack.poison(Pairs(data, data, zeros, zeros), rng=stream(0, "poison"))
    return Engine(
        link, attack, pairs, plan or TrainingPlan(epochs=3, batch=64), seed=0,
        device=CPU, precision=precision,
    )  # fmt: skip


def run(made, checkpoint=None):
    saved = checkpoint and checkpoints(checkpoint, key="this", every_s=0.0)
    return train(made, device=CPU, checkpoints=saved)


def weights(made):
    return torch.cat([p.detach().flatten() for p in made.parameters])


def test_the_objective_is_a_pure_function_of_parameters_batch_and_noise():
    made = engine()
    given = made.prepare(0, made.order.row(0))
    parameters = {name: p.detach() for name, p in made.objective.named_parameters()}
    first, _ = made.objective(*given)
    other, _ = functional_call(made.objective, {k: 0.9 * p for k, p in parameters.items()}, given)
    again, _ = functional_call(made.objective, parameters, given)
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert not torch.equal(value, other[name])


def test_training_lowers_the_loss_and_is_repeatable():
    a, b = engine(), engine()
    trained = run(a)
    run(b)
    assert torch.equal(weights(a), weights(b))
    assert trained.history[-1]["integrity"] < trained.history[0]["integrity"]
    assert trained.steps == 12  # victims and others: 4 steps an epoch
    assert a.flop_per_step > 1e6


def test_training_resumed_from_a_checkpoint_ends_in_the_same_weights(tmp_path):
    whole = engine()
    unbroken = run(whole)
    stop_at(5, tmp_path / "c.safetensors")
    resumed, steps = watched(engine())
    trained = run(resumed, tmp_path / "c.safetensors")
    assert steps == [*range(5, 12)]
    assert torch.equal(weights(whole), weights(resumed))
    assert trained.history == unbroken.history
    assert resumed.flop_per_step == whole.flop_per_step


def stop_at(step, path):
    class StopError(Exception):
        pass

    broken, learn = engine(), Engine.learn

    def until_then(now):
        if now == step:
            raise StopError
        return learn(broken, now)

    broken.learn = until_then
    with pytest.raises(StopError):
        run(broken, path)


def watched(made):
    steps, learn = [], Engine.learn

    def learn_and_note(step):
        steps.append(step)
        return learn(made, step)

    made.learn = learn_and_note
    return made, steps


def another_shape(arrays, state):
    name = next(name for name in arrays if name.endswith("encoder.0.0.weight"))
    arrays[name] = arrays[name][:1]


def another_type(arrays, state):
    name = next(name for name in arrays if name.startswith("model/"))
    arrays[name] = arrays[name].astype("float64")


def no_number(arrays, state):
    next(iter(arrays.values())).flat[0] = float("nan")


DAMAGES = {
    "another shape": another_shape,
    "another type": another_type,
    "NaN": no_number,
    "a tensor is missing": lambda arrays, state: arrays.pop("optimizer/0/exp_avg"),
    "a tensor too many": lambda arrays, state: arrays.update({"model/more": np.zeros(1)}),
    "flop of no phase": lambda arrays, state: arrays.update({"flop/7": np.array(1.0)}),
    "flop that is no number": lambda arrays, state: arrays.update({"flop/0": np.zeros(3)}),
    "an unknown key": lambda arrays, state: state.update({"steps": 5}),
    "a method for a key": lambda arrays, state: state.update({"learn": 5}),
    "a missing key": lambda arrays, state: state.pop("looks"),
    "beyond the end": lambda arrays, state: state.update({"step": 13}),
    "no step": lambda arrays, state: state.update({"step": "many"}),
    "another history": lambda arrays, state: state.update({"history": []}),
    "of another training": lambda arrays, state: state.update({"key": "that"}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_checkpoint_that_does_not_fit_costs_time_and_nothing_else(tmp_path, damage):
    path = tmp_path / "c.safetensors"
    stop_at(5, path)
    arrays, state = read_checkpoint(path)
    damage(arrays, state)
    write_checkpoint(path, arrays, state)
    whole = engine()
    unbroken = run(whole)
    resumed, steps = watched(engine())
    trained = run(resumed, path)
    assert steps == [*range(12)]
    assert torch.equal(weights(whole), weights(resumed))
    assert trained.history == unbroken.history


def test_zero_epochs_leave_everything_as_it_is(tmp_path):
    made = engine(plan=TrainingPlan(epochs=0, batch=64))
    before = weights(made)
    trained = run(made, tmp_path / "c.safetensors")
    assert torch.equal(weights(made), before)
    assert (trained.steps, trained.images_per_s, made.flop_per_step) == (0, 0, 0)
    assert trained.history == ()
    assert not list(tmp_path.iterdir())


def test_a_frozen_link_is_finished_from_the_start():
    made = engine(NoAttack(torch.rand(16, 1, 28, 28, generator=stream(0, "t"))), frozen=True)
    assert run(made).steps == 0


def test_a_constant_output_stops_training_with_the_way_out():
    made = engine(NoAttack(torch.rand(16, 1, 28, 28, generator=stream(0, "t"))))
    nn.init.zeros_(made.objective.link.system.last.weight)
    made.optimizer.param_groups[0]["params"] = []  # nothing learns
    with pytest.raises(TrainingError, match=r"collapsed: after 4 of 12 .* the same one .* Lower"):
        run(made)


def test_a_loss_that_is_not_finite_stops_training():
    made = engine()
    nn.init.constant_(made.objective.link.system.last.bias, float("nan"))
    with pytest.raises(TrainingError, match=r"diverged at step .* lower training\.learning_rate"):
        run(made)


def test_bf16_training_stays_close_to_fp32():
    a, b = engine(), engine(precision="bf16")
    losses = [
        {k: sum(h[k] for h in run(m).history) for k in ("target", "integrity")} for m in (a, b)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
