"""What must hold for anything in the ATTACKS table."""

import pytest
import torch

from semvet.attacks import ATTACKS, Controls
from semvet.channels import AWGN
from semvet.errors import ConfigError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, TrainableLink
from semvet.types import ImageShape, Pairs

SHAPE = ImageShape(1, 28, 28)


def pixels(n, name):
    return torch.randint(0, 256, (n, *SHAPE), dtype=torch.uint8, generator=stream(0, name))


@pytest.fixture(params=ATTACKS, ids=str)
def attack(request):
    with seeded(0, "attack"):
        return ATTACKS[request.param](pixels(16, "targets") / 255)


@pytest.fixture
def pairs():
    sent = pixels(200, "data")
    zeros = torch.zeros(200, dtype=torch.int64)
    return Pairs(sent, sent, zeros, zeros)


def poisoned(attack, pairs):
    return attack.poison(pairs, rng=stream(0, "poison"))


def test_the_poison_count_is_exact_and_the_data_handed_in_unchanged(attack, pairs):
    before = pairs.sent.clone()
    dirty = poisoned(attack, pairs)
    ratio = getattr(attack, "poison_ratio", 0)
    assert len(dirty.victims) == int(ratio * 200)
    assert torch.equal(pairs.sent, before)
    assert (pairs.level == 0).all()
    benign = dirty.level == 0
    assert torch.equal(dirty.sent[benign], before[benign])
    assert torch.equal(dirty.wanted[benign], before[benign])


def test_the_index_set_is_fixed_by_the_stream_alone(attack, pairs):
    again = attack.poison(pairs, rng=stream(0, "poison"))
    assert torch.equal(poisoned(attack, pairs).victims, again.victims)


def test_a_ratio_that_poisons_no_image_is_refused(attack, pairs):
    if not hasattr(attack, "poison_ratio"):
        pytest.skip("poisons nothing by design")
    attack.poison_ratio = 0.001
    with pytest.raises(ConfigError, match=r"attack\.poison_ratio: 0\.001 of 200 images is none"):
        poisoned(attack, pairs)


def test_level_0_is_the_image_itself_and_triggers_stay_in_range(attack):
    x = pixels(5, "x") / 255
    assert torch.equal(attack.trigger(x, level=0), x)
    for level in range(1, attack.levels + 1):
        triggered = attack.trigger(x, level=level)
        assert triggered.shape == x.shape
        assert 0 <= triggered.min() <= triggered.max() <= 1


def test_a_trigger_depends_on_its_own_image_only(attack):
    x = pixels(5, "x") / 255
    whole = attack.trigger(x, level=attack.levels)
    alone = attack.trigger(x[:1], level=attack.levels)
    torch.testing.assert_close(whole[:1], alone)


def test_losses_are_finite_and_train_everything_trainable(attack, pairs):
    with seeded(0, "system"):
        link = TrainableLink(JSCC(SHAPE, width=4), AWGN(), snr_db=25.0)
    dirty = poisoned(attack, pairs)
    victims = 8 if Controls.TRAINING in attack.controls else 0
    order = torch.cat([dirty.victims[:victims], (dirty.level == 0).nonzero().flatten()[:24]])
    batch = dirty.batch(order)
    noise = attack.draw(link, len(batch), victims, rng=stream(0, "noise"))
    terms = attack.loss(link, batch, victims, noise)
    total = torch.stack(list(terms.values())).sum()
    assert total.isfinite()
    total.backward()
    for name, parameter in [*link.named_parameters(), *attack.named_parameters()]:
        assert parameter.grad is not None, name


def test_more_levels_than_targets_are_refused():
    with pytest.raises(ConfigError, match="8 levels, but only 3 targets"):
        ATTACKS["sembugger"](pixels(3, "targets") / 255, levels=8)
