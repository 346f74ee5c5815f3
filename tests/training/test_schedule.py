import pytest
import torch

from semvet.channels import AWGN
from semvet.randomness import seeded
from semvet.systems import JSCCF, Transceiver
from semvet.training.schedule import Phases, learning_rate
from semvet.types import ImageShape


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing():
    rates = [learning_rate(step, 100, 1e-2) for step in range(100)]
    assert max(rates) == rates[15] == 1e-2
    assert rates[0] == pytest.approx(1e-2 / 25)
    assert rates[:16] == sorted(rates[:16])
    assert rates[15:] == sorted(rates[15:], reverse=True)
    assert rates[-1] < 1e-5


def greedy():
    with seeded(0, "system"):
        return Transceiver(JSCCF(ImageShape(1, 16, 16), width=2), AWGN(), snr_db=10.0).system


def open_rounds(system):
    return [all(p.requires_grad for p in layer.parameters()) for layer in system.rounds]


def test_each_phase_trains_its_own_part_and_nothing_is_frozen_at_the_end():
    system = greedy()
    phases, seen = Phases(system, 6), []
    for step in range(6):
        phases.begin(step)
        seen.append(open_rounds(system))
        phases.end(step)
    assert seen == 3 * [[True, False]] + 3 * [[False, True]]
    assert open_rounds(system) == [True, True]


def test_what_was_frozen_at_first_is_never_trained():
    system = greedy()
    bias = system.rounds[0].decoder[-1].bias.requires_grad_(False)
    phases = Phases(system, 4)
    for step in range(4):
        phases.begin(step)
        assert not bias.requires_grad
        phases.end(step)
    assert not bias.requires_grad


def test_shares_and_rates_begin_anew_in_each_phase():
    phases = Phases(greedy(), 8)
    moments = [phases.moment(step) for step in range(8)]
    assert [m.phase for m in moments] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert [m.share for m in moments] == 2 * [0, 0.25, 0.5, 0.75]
    assert [phases.rate(step, 1.0) for step in range(4)] == [
        phases.rate(step, 1.0) for step in range(4, 8)
    ]
    assert torch.tensor([phases.rate(step, 1.0) for step in range(4)]).max() == 1.0
