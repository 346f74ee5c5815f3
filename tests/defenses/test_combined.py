"""Parts in a row: the last one is outermost, what it sends passes the earlier ones."""

import pytest
import torch

from semvet.defenses import Combined, Defended, Defense, NoDefense, SemanticSmoothing, Vantage, View
from semvet.errors import ConfigError
from semvet.randomness import stream


class Added:
    def __init__(self, link, value):
        self.link, self.value = link, value

    def __call__(self, x, *, rng, at=None):
        return self.link(2 * x + self.value, rng=rng, at=at)


class Adds(Defense):
    vantage = Vantage.RECEIVER

    def __init__(self, value):
        self.value = value

    def apply(self, view, *, rng):
        return Defended(
            Added(view.link, self.value), channel_uses_factor=2.0, findings={"value": self.value}
        )


def identity(x, *, rng, at=None):
    return x


def test_the_last_part_is_the_first_that_an_image_passes():
    both = Combined(parts=(Adds(1.0), Adds(3.0)))
    defended = both.apply(View(Vantage.RECEIVER, identity), rng=stream(0, "d"))
    x = torch.zeros(1, 1, 2, 2)
    assert defended.link(x, rng=stream(0, "x")).unique().tolist() == [2 * (2 * 0 + 3) + 1]
    assert defended.channel_uses_factor == 4
    assert defended.findings == {"0/value": 1.0, "1/value": 3.0}


def test_it_stands_wherever_its_parts_stand_and_certifies_what_the_last_one_does():
    both = Combined(parts=(Adds(1.0), SemanticSmoothing(copies=16)))
    assert both.vantage == Vantage.RECEIVER | Vantage.TRANSMITTER
    view = View(both.vantage, identity, images=torch.zeros(1, 1, 2, 2))
    assert both.apply(view, rng=stream(0, "d")).certify is not None
    other = Combined(parts=(SemanticSmoothing(copies=16), NoDefense()))
    assert other.apply(view, rng=stream(0, "d")).certify is None


def test_no_part_gets_what_another_one_owns():
    class Curious(Defense):
        vantage = Vantage.RECEIVER

        def apply(self, view, *, rng):
            return Defended(view.link, findings={"vantage": view.vantage.name})

    both = Combined(parts=(SemanticSmoothing(copies=16), Curious()))
    view = View(both.vantage, identity)
    found = both.apply(view, rng=stream(0, "d")).findings
    assert found["1/vantage"] == "RECEIVER"


def test_nothing_to_combine():
    with pytest.raises(ConfigError, match="at least one"):
        Combined(parts=())
