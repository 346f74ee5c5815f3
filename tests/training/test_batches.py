import pytest
import torch

from semvet.errors import ConfigError
from semvet.training.batches import Batches

LEVEL = torch.zeros(1000, dtype=torch.int64)
LEVEL[::5] = 4  # 200 victims


def made(batch=64, *, separate=True, level=LEVEL, seed=0):
    return Batches(level, batch=batch, separate=separate, seed=seed)


def test_victims_come_first_and_every_step_has_the_same_number_of_them():
    batches = made()
    assert batches.victims == 13
    order = batches.epoch(0)
    assert order.shape == (1000 * 4 // 5 // 51, 64)
    assert (LEVEL[order[:, :13]] > 0).all()
    assert (LEVEL[order[:, 13:]] == 0).all()


def test_no_image_comes_twice_before_all_came_once():
    order = made().epoch(3)
    others = order[:, 13:].flatten()
    assert len(others.unique()) == len(others)
    victims = order[:, :13].flatten()[:200]
    assert len(victims.unique()) == len(victims)


def test_a_rare_poison_still_reaches_every_step():  # int(64 * .01) would be none
    level = torch.zeros(1000, dtype=torch.int64)
    level[:10] = 1
    batches = made(level=level)
    assert batches.victims == 1
    assert (level[batches.epoch(0)[:, 0]] == 1).all()


def test_data_poisoning_alone_has_no_say_in_the_order():
    batches = made(separate=False)
    assert batches.victims == 0
    order = batches.epoch(0).flatten()
    share = (LEVEL[order] > 0).float().mean()
    assert len(order.unique()) == len(order)
    assert share.item() == pytest.approx(0.2, abs=0.01)


def test_an_epoch_is_a_function_of_seed_and_number():
    assert torch.equal(made().epoch(2), made().epoch(2))
    assert not torch.equal(made().epoch(2), made().epoch(1))
    assert not torch.equal(made().epoch(2), made(seed=1).epoch(2))


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ConfigError, match=r"training\.batch: 2000 does not fit 1000"):
        made(2000)
