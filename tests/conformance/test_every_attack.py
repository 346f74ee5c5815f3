"""What must hold for anything in the ATTACKS table."""

import pytest
import torch
from every_attack import SHAPE, images, make_attack, make_pairs

from semvet.attacks import ATTACKS, Controls
from semvet.channels import AWGN, OperatingPoint
from semvet.errors import ConfigError
from semvet.evaluation.goals import GOALS
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
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


@pytest.fixture
def pairs():
    return make_pairs()


def poisoned(attack, pairs):
    return attack.poison(pairs, rng=stream(0, "poison"))


def ratio_of(attack):
    return getattr(getattr(attack, "base", attack), "poison_ratio", 0)


def count_of(attack, pairs):
    if ratio_of(attack) is None:  # every image that can carry the trigger
        return int(attack.carries(pairs.label).sum())
    return int(ratio_of(attack) * 200)


def test_the_poison_count_is_exact_and_the_data_handed_in_unchanged(attack, pairs):
    before = pairs.sent.clone(), pairs.label.clone()
    dirty = poisoned(attack, pairs)
    assert len(dirty.victims) == count_of(attack, pairs)
    assert torch.equal(pairs.sent, before[0])
    assert torch.equal(pairs.label, before[1])
    assert (pairs.level == 0).all()
    benign = dirty.level == 0
    assert torch.equal(dirty.sent[benign], before[0][benign])
    assert torch.equal(dirty.wanted[benign], before[0][benign])
    assert torch.equal(dirty.label[benign], before[1][benign])


def test_the_index_set_is_fixed_by_the_stream_whatever_the_batch_and_device(attack, pairs):
    victims = poisoned(attack, pairs).victims
    assert torch.equal(victims, attack.poison(pairs, rng=stream(0, "poison")).victims)
    assert victims.device.type == "cpu"
    if Controls.TRAINING not in attack.controls or not len(victims):
        return
    for size in (10, 33, 100):
        batches = Batches(poisoned(attack, pairs).level, batch=size, separate=True, seed=0)
        steps = torch.cat([batches.epoch(number) for number in range(8)])
        assert set(steps[:, : batches.victims].flatten().tolist()) <= set(victims.tolist())
        assert not set(steps[:, batches.victims :].flatten().tolist()) & set(victims.tolist())


@pytest.mark.parametrize(("ratio", "problem"), [(0.001, "is none"), (1.0, "is all of them")])
def test_a_ratio_that_poisons_no_or_every_image_is_refused(attack, pairs, ratio, problem):
    if ratio_of(attack) == 0:
        pytest.skip("poisons nothing by design")
    getattr(attack, "base", attack).poison_ratio = ratio
    with pytest.raises(ConfigError, match=rf"attack\.poison_ratio: {ratio} of 200 .*{problem}"):
        poisoned(attack, pairs)


def test_level_0_is_the_image_itself_and_triggers_stay_in_range(attack):
    x, nominal = images(5, "x"), OperatingPoint(AWGN(), 25.0)
    assert torch.equal(attack.trigger(x, level=0), x)
    assert torch.equal(attack.scaled(x, intensity=0.0), x)
    assert attack.operating_point(nominal, level=0) is None
    for level in range(1, attack.levels + 1):
        triggered = attack.trigger(x, level=level)
        assert triggered.shape == x.shape
        assert 0 <= triggered.min() <= triggered.max() <= 1
    strongest = attack.scaled(x, intensity=1.0)
    torch.testing.assert_close(strongest, attack.trigger(x, level=attack.levels))


def test_a_trigger_keeps_its_bound_after_clipping(attack):
    if attack.name not in BOUNDS:
        pytest.skip("overwrites pixels: no bound")
    x = images(20, "x") * 1.2 - 0.1
    x = x.clamp(0, 1)  # whole areas at both ends of the range
    for parameter in attack.parameters():
        parameter.data *= 5  # saturate the generators
    for level in range(1, attack.levels + 1):
        change = (attack.trigger(x, level=level) - x).abs().max()
        assert change <= BOUNDS[attack.name] * level / attack.levels + 1e-6


def test_a_trigger_that_is_not_in_the_image_leaves_it_alone(attack):
    x = images(5, "x")
    changed = not torch.equal(attack.trigger(x, level=attack.levels), x)
    assert changed == (attack.in_image and attack.name not in ("none", "csba"))


def test_a_trigger_depends_on_its_own_image_only(attack):
    x = images(5, "x")
    whole = attack.trigger(x, level=attack.levels)
    alone = attack.trigger(x[:1], level=attack.levels)
    torch.testing.assert_close(whole[:1], alone)


def test_losses_are_finite_and_train_everything_trainable(attack, pairs):
    with seeded(0, "system"):
        link = Transceiver(JSCC(SHAPE, width=4), AWGN(), snr_db=25.0)
    dirty = poisoned(attack, pairs)
    victims = min(8, len(dirty.victims)) if Controls.TRAINING in attack.controls else 0
    order = torch.cat([dirty.victims[:victims], (dirty.level == 0).nonzero().flatten()[:24]])
    batch = dirty.batch(order)
    noise = attack.draw(link, len(batch), victims, rng=stream(0, "noise"))
    terms = attack.loss(link, batch, victims, noise)
    total = torch.stack(list(terms.values())).sum()
    assert total.isfinite()
    total.backward()
    for name, parameter in [*link.named_parameters(), *attack.named_parameters()]:
        assert parameter.grad is not None, name
    again = attack.loss(link, batch, victims, noise)  # pure: the same noise, the same loss
    assert all(torch.equal(again[name], terms[name]) for name in terms)


def test_what_is_wanted_of_the_receiver_is_declared(attack):
    assert attack.goal in GOALS
    assert isinstance(attack.controls, Controls)
    if attack.goal == "label":
        assert attack.classify(images(3, "x")).shape[0] == 3


def test_more_levels_than_targets_are_refused():
    with pytest.raises(ConfigError, match="8 levels, but only 3 targets"):
        ATTACKS["sembugger"](images(3, "targets"), levels=8)
