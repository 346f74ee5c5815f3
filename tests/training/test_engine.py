import pytest
import torch
from torch import nn
from torch.func import functional_call

from semvet.attacks import NoAttack, SemBugger
from semvet.channels import AWGN
from semvet.config import TrainingPlan
from semvet.errors import TrainingError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.training.engine import Engine, learning_rate
from semvet.types import ImageShape, Moment, Pairs

SHAPE = ImageShape(1, 28, 28)


def engine(attack=None, plan=None, precision="fp32", frozen=False, **options):
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
        device=torch.device("cpu"), precision=precision, **options,
    )  # fmt: skip


def weights(made):
    return torch.cat([p.detach().flatten() for p in made.parameters])


def test_the_objective_is_a_pure_function_of_parameters_batch_and_noise():
    made = engine()
    batch, noise = made._prepare(made.batches.epoch(0)[0])
    parameters = {name: p.detach() for name, p in made.objective.named_parameters()}
    given = (batch, noise, Moment(0, 0.0))
    first, _ = made.objective(*given)
    other, _ = functional_call(made.objective, {k: 0.9 * p for k, p in parameters.items()}, given)
    again, _ = functional_call(made.objective, parameters, given)
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert not torch.equal(value, other[name])


def test_training_lowers_the_loss_and_is_repeatable():
    a, b = engine(), engine()
    trained = a.train()
    b.train()
    assert torch.equal(weights(a), weights(b))
    assert trained.history[-1]["integrity"] < trained.history[0]["integrity"]
    assert trained.steps == 12  # victims and others: 4 steps an epoch
    assert trained.flop_per_step > 1e6


def test_training_resumed_from_a_checkpoint_ends_in_the_same_weights(tmp_path):
    whole = engine()
    whole.train()

    class StopError(Exception):
        pass

    broken = engine(checkpoint=tmp_path / "c.safetensors", checkpoint_every_s=0.0)
    step = broken._one_step

    def until_five(index):
        if broken.step == 5:
            raise StopError
        return step(index)

    broken._one_step = until_five
    with pytest.raises(StopError):
        broken.train()
    resumed = engine(checkpoint=tmp_path / "c.safetensors")
    trained = resumed.train()
    assert torch.equal(weights(whole), weights(resumed))
    assert trained.history == whole.history


def test_zero_epochs_leave_everything_as_it_is(tmp_path):
    made = engine(plan=TrainingPlan(epochs=0, batch=64), checkpoint=tmp_path / "c.safetensors")
    before = weights(made)
    trained = made.train()
    assert torch.equal(weights(made), before)
    assert (trained.steps, trained.images_per_s, trained.flop_per_step) == (0, 0, 0)
    assert trained.history == []
    assert not list(tmp_path.iterdir())


def test_a_frozen_link_is_finished_from_the_start():
    made = engine(NoAttack(torch.rand(16, 1, 28, 28, generator=stream(0, "t"))), frozen=True)
    assert made.train().steps == 0


def test_a_constant_output_stops_training_with_the_way_out():
    made = engine(NoAttack(torch.rand(16, 1, 28, 28, generator=stream(0, "t"))))
    nn.init.zeros_(made.objective.link.system.last.weight)
    made.optimizer.param_groups[0]["params"] = []  # nothing learns
    with pytest.raises(TrainingError, match=r"collapsed: after 4 of 12 .* the same one .* Lower"):
        made.train()


def test_a_loss_that_is_not_finite_stops_training():
    made = engine()
    nn.init.constant_(made.objective.link.system.last.bias, float("nan"))
    with pytest.raises(TrainingError, match=r"diverged at step .* lower training\.learning_rate"):
        made.train()


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing():
    rates = [learning_rate(step, 100, 1e-2) for step in range(100)]
    assert max(rates) == rates[15] == 1e-2
    assert rates[0] == pytest.approx(1e-2 / 25)
    assert rates[:16] == sorted(rates[:16])
    assert rates[15:] == sorted(rates[15:], reverse=True)
    assert rates[-1] < 1e-5


def test_bf16_training_stays_close_to_fp32():
    a, b = engine(), engine(precision="bf16")
    losses = [
        {k: sum(h[k] for h in m.train().history) for k in ("target", "integrity")} for m in (a, b)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
