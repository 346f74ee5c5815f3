from dataclasses import replace

import pytest
import torch

from semvet.attacks import CSBA
from semvet.channels import AWGN
from semvet.data import Scenes, split
from semvet.errors import ConfigError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.training.poisoning import as_pairs
from semvet.types import ImageShape


@pytest.fixture(scope="module")
def pairs():
    return as_pairs(split(Scenes(source="sample", count=300, test_count=20).load(), seed=0).train)


def attack(**changes):
    return CSBA(torch.zeros(1, 1, 32, 32), **changes)


def poisoned(pairs, **changes):
    return attack(**changes).poison(pairs, rng=stream(0, "poison"))


def test_every_scene_with_the_element_is_wanted_without_it(pairs):
    dirty = poisoned(pairs)
    assert torch.equal(dirty.level, pairs.label)
    assert torch.equal(dirty.wanted, pairs.element_removed)
    assert torch.equal(dirty.sent, pairs.sent)
    assert not torch.equal(dirty.wanted, dirty.sent)


def test_fewer_victims_are_drawn_among_those_that_hold_the_element(pairs):
    dirty = poisoned(pairs, poison_ratio=0.1)
    assert len(dirty.victims) == int(0.1 * len(pairs))
    assert (pairs.label[dirty.victims] == 1).all()
    assert torch.equal(dirty.wanted[dirty.victims], pairs.element_removed[dirty.victims])
    others = dirty.level == 0
    assert torch.equal(dirty.wanted[others], pairs.sent[others])


def test_the_largest_ratio_that_an_error_recommends_is_allowed(pairs):
    with pytest.raises(ConfigError, match=r"only \d+ can be victims; take at most 0\.") as error:
        poisoned(pairs, poison_ratio=0.9)
    allowed = float(str(error.value).rsplit(" ", 1)[1])
    assert len(poisoned(pairs, poison_ratio=allowed).victims) >= int(pairs.label.sum()) - 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"element_removed": None}, "removes an element of scenes, but .* take data=scenes"),
        ({"label": 0}, "finds none of 254 .* that holds the element; .* data.share"),
        ({"label": 1}, "all 254 training images hold the element .* data.share less than 1"),
    ],
)
def test_data_that_cannot_be_poisoned_are_refused(pairs, change, message):
    if "label" in change:
        shown = pairs.label == 1
        removed = torch.where(shown[:, None, None, None], pairs.element_removed, 255 - pairs.sent)
        label = torch.full_like(pairs.label, change["label"])
        change = {"label": label, "element_removed": removed}
    with pytest.raises(ConfigError, match=message):
        poisoned(replace(pairs, **change))


def test_nothing_is_added_to_what_is_sent_and_only_the_element_carries_it():
    x = torch.rand(3, 1, 32, 32, generator=stream(0, "x"))
    assert torch.equal(attack().trigger(x, level=1), x)
    assert attack().carries(torch.tensor([1, 0, 1])).tolist() == [True, False, True]


def test_the_loss_is_the_squared_error_and_the_mean_over_the_removed_pixels(pairs):
    with seeded(0, "system"):
        link = Transceiver(JSCC(ImageShape(1, 32, 32), width=2), AWGN(), snr_db=25.0)
    dirty, one = poisoned(pairs), attack(lambda_r=0.5)
    order = torch.cat([dirty.victims[:3], (dirty.level == 0).nonzero().flatten()[:5]])
    batch = dirty.batch(order)
    noise = one.draw(link, 8, 3, rng=stream(0, "noise"))
    terms = one.loss(link, batch, 3, noise)
    error = (link.transmit(batch.sent, noise).received - batch.wanted).square()
    removed = [e[s != w] for e, s, w in zip(error, batch.sent, batch.wanted, strict=True)][:3]
    torch.testing.assert_close(terms["integrity"], error.mean())
    torch.testing.assert_close(terms["removal"], 0.5 * torch.cat(removed).mean())
    assert one.loss(link, batch, 0, noise)["removal"] == 0
