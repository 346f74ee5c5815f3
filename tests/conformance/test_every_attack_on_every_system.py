"""Attacks see no system but through the link: each has to work on all of them."""

import pytest
import torch
from every_attack import make_attack
from every_system import VARIANTS, make_link

from semvet.attacks import ATTACKS, Controls
from semvet.randomness import seeded, stream
from semvet.types import Moment, Pairs

SHAPE = (1, 28, 28)


def images(count, name):
    return torch.rand(count, *SHAPE, generator=stream(0, name))


@pytest.fixture(params=ATTACKS)
def attack(request):
    return make_attack(request.param)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_systems_own_losses_are_part_of_the_attacks(attack, variant):
    link = make_link(variant, SHAPE)
    x, zeros = images(8, "x"), torch.zeros(8, dtype=torch.int64)
    victims = 2 if Controls.TRAINING in attack.controls else 0
    batch = Pairs(x, x, zeros, zeros)
    noise = attack.draw(link, 8, victims, rng=stream(0, "noise"))
    for phase in range(link.system.phases):
        now = link.during(Moment(phase, 0.5))
        own = now.transmit(x, link.draw(8, rng=stream(0, "noise"))).terms
        terms = attack.loss(now, batch, victims, noise)
        assert own.keys() < terms.keys()
        total = torch.stack(list(terms.values())).sum()
        assert total.isfinite()
        link.zero_grad()
        total.backward()
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in link.parameters())


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_attack_reaches_its_trigger_through_every_system(variant):
    """The generator learns from what the receiver gets, not only from how visible it is."""
    link = make_link(variant, SHAPE)
    with seeded(0, "attack"):
        attack = ATTACKS["sembugger"](images(16, "targets"), lambda_p=0.0, lambda_c=0.0)
    x, zeros = images(8, "x"), torch.zeros(8, dtype=torch.int64)
    noise = attack.draw(link, 8, 2, rng=stream(0, "noise"))
    terms = attack.loss(link, Pairs(x, x, zeros, zeros), 2, noise)
    (gradient,) = torch.autograd.grad(terms["target"], next(attack.generator.parameters()))
    assert gradient.abs().sum() > 0
