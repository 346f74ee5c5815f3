"""What is known of the attacks of the table beyond what every attack promises."""

import pytest
import torch
from every_attack import make_attack

from semvet.attacks import ATTACKS, Controls
from semvet.errors import ConfigError
from semvet.randomness import stream
from semvet.testing.material import extreme_images, images, pairs
from semvet.training.batches import Batches

BOUNDS = {  # largest change of a pixel by the strongest trigger
    "none": 0.0,
    "sembugger": 0.1,
    "aware": 0.1,
    "ihtg": 0.05,
    "frequency": 2 * 16 * 0.5 / 28,
    "ct-ba": 0.0,
    "defense-activated": 0.0,
}


@pytest.fixture(params=ATTACKS, ids=str)
def attack(request):
    made = make_attack(request.param)
    made.name = request.param
    return made


def poisoned(attack):
    return attack.poison(pairs(), rng=stream(0, "poison"))


def test_the_index_set_is_fixed_by_the_stream_whatever_the_batch_and_device(attack):
    victims = poisoned(attack).victims
    assert torch.equal(victims, poisoned(attack).victims)
    assert victims.device.type == "cpu"
    if Controls.TRAINING not in attack.controls or not len(victims):
        return
    for size in (10, 33, 100):
        batches = Batches(poisoned(attack).level, batch=size, separate=True, seed=0)
        steps = torch.cat([batches.epoch(number) for number in range(8)])
        assert set(steps[:, : batches.victims].flatten().tolist()) <= set(victims.tolist())
        assert not set(steps[:, batches.victims :].flatten().tolist()) & set(victims.tolist())


@pytest.mark.parametrize(("ratio", "problem"), [(0.001, "is none"), (1.0, "is all of them")])
def test_a_ratio_that_poisons_no_or_every_image_is_refused(attack, ratio, problem):
    wrapped = getattr(attack, "base", attack)
    if getattr(wrapped, "poison_ratio", 0) == 0:
        pytest.skip("poisons nothing by design")
    wrapped.poison_ratio = ratio
    with pytest.raises(ConfigError, match=rf"attack\.poison_ratio: {ratio} of 200 .*{problem}"):
        poisoned(attack)


def test_a_trigger_keeps_its_bound_after_clipping(attack):
    if attack.name not in BOUNDS:
        pytest.skip("overwrites pixels: no bound")
    x = extreme_images(20)
    for parameter in attack.parameters():
        parameter.data *= 5  # saturate the generators
    for level in range(1, attack.levels + 1):
        change = (attack.trigger(x, level=level) - x).abs().max()
        assert change <= BOUNDS[attack.name] * level / attack.levels + 1e-6


def test_the_element_of_csba_is_in_the_image_already():
    x = images(5, "x")
    assert torch.equal(make_attack("csba").trigger(x, level=1), x)


def test_more_levels_than_targets_are_refused():
    with pytest.raises(ConfigError, match="8 levels, but only 3 targets"):
        ATTACKS["sembugger"](images(3, "targets"), levels=8)
