"""Each promise of an attack is one that can be broken, and then it says so."""

import pytest
import torch

from semvet.attacks import BASS, Controls, SemBugger
from semvet.randomness import stream
from semvet.testing import check_attack

QUICK = {"poison_ratio": 0.1}


class Untyped(BASS):
    def __init__(self, targets, *, strength=1.0):
        super().__init__(targets)


class NoGoal(BASS):
    goal = "fame"


class AlwaysTriggered(BASS):
    def trigger(self, x, *, level):
        return self.patch(x)


class Cropping(BASS):
    def trigger(self, x, *, level):
        return x[..., 1:] if level else x


class InPlace(BASS):
    def trigger(self, x, *, level):
        if level:
            x[..., :4, :4] = 1
        return x


class Weaker(BASS):
    def scaled(self, x, *, intensity):
        return x + 0.5 * intensity * (self.trigger(x, level=1) - x)


class Invisible(BASS):
    def trigger(self, x, *, level):
        return x


class Averaging(BASS):
    def trigger(self, x, *, level):
        return (x + x.mean(dim=0)) / 2 if level else x


class Global(BASS):
    def trigger(self, x, *, level):
        torch.rand(1)
        return super().trigger(x, level=level)


class Overwriting(BASS):
    def poison(self, data, *, rng):
        dirty = super().poison(data, rng=rng)
        data.sent.copy_(dirty.sent)
        return dirty


class Unmarked(BASS):
    def poison(self, data, *, rng):
        dirty = super().poison(data, rng=rng)
        return type(dirty)(dirty.sent, dirty.wanted, torch.zeros_like(dirty.level), dirty.label)


class Relabelling(BASS):
    def poison(self, data, *, rng):
        dirty = super().poison(data, rng=rng)
        return type(dirty)(dirty.sent, dirty.wanted, dirty.level, 1 - dirty.label)


class Greedy(BASS):
    def poison(self, data, *, rng):
        self.poison_ratio *= 1.5
        dirty = super().poison(data, rng=rng)
        self.poison_ratio /= 1.5
        return dirty


class Drifting(BASS):
    calls = 0

    def poison(self, data, *, rng):
        Drifting.calls += 1
        torch.randint(0, 9, (Drifting.calls,), generator=rng)
        return super().poison(data, rng=rng)


class Reaching(BASS):
    controls = Controls.TRANSMITTER_DATA


class OwnLoss(BASS):
    def loss(self, link, batch, victims, noise):
        return super().loss(link, batch, victims, noise)


class Impure(SemBugger):
    calls = 0

    def loss(self, link, batch, victims, noise):
        Impure.calls += 1
        return super().loss(link, batch, victims, noise) | {"calls": torch.tensor(1.0 * self.calls)}


class Untrained(SemBugger):
    def loss(self, link, batch, victims, noise):
        made = link.transmit(batch.sent, link.draw(len(batch), rng=stream(0, "n")))
        return {"integrity": (made.received - batch.wanted).square().mean()}


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        (Untyped, "keyword only and typed: .* its argument 'strength' needs a type"),
        (NoGoal, "wants and aims at: `goal` is 'fame'; allowed: target, "),
        (AlwaysTriggered, "level 0 is the image itself: trigger"),
        (Cropping, r"keep their shape .*: level 1 has the shape \(5, 1, 28, 27\)"),
        (InPlace, "trigger changes the images that it is given in place"),
        (Weaker, "intensity 1: scaled"),
        (Invisible, "in_image is True, but the strongest trigger does not change images"),
        (Averaging, "a trigger depends on its own image only"),
        (Global, "draws from torch's global stream"),
        (Overwriting, "leaves the data handed in as they are: poison changes the pairs"),
        (Unmarked, "nobody else is touched: sent of a benign pair is changed"),
        (Relabelling, "nobody else is touched: label of a benign pair is changed"),
        (Greedy, "rounded down: poison_ratio 0.1 of 200 made 30 victims"),
        (Drifting, "fixed by the stream: the same stream gives another sent"),
        (Reaching, "`wanted` is changed without RECEIVER_DATA"),
        (OwnLoss, "a loss of its own without Controls.TRAINING"),
        (Impure, "pure function .*: calls differs for the same batch and noise"),
        (Untrained, "train everything trainable: .* gets no gradient"),
    ],
)
def test_a_broken_promise_is_named(attack, words):
    with pytest.raises(AssertionError, match=f"{attack.__name__}: broken promise: .*{words}"):
        check_attack(attack, **({} if attack is Untyped else QUICK))


def test_an_error_of_its_own_is_part_of_the_message():
    class Raising(BASS):
        def trigger(self, x, *, level):
            raise KeyError("patch")

    with pytest.raises(AssertionError, match="it raised KeyError: 'patch'") as caught:
        check_attack(Raising)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_function_of_the_targets_is_as_good_as_a_class():
    def two_levels(targets):
        return SemBugger(targets, levels=2, generator_widths=(2, 4))

    check_attack(two_levels)
