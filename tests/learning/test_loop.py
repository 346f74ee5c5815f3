"""The one training loop, with a learner whose every number is known."""

import numpy as np
import pytest
import torch

from semvet.errors import TrainingError
from semvet.learning import Checkpoints, Reached, train

CPU = torch.device("cpu")


class Counting:
    """Its state is how many steps it made, and its loss the number of the step."""

    name, way_out, steps_per_epoch, images = "counting", "count slower", 25, 4

    def __init__(self, steps=50, fails_at=None):
        self.steps, self.fails_at = steps, fails_at
        self.made, self.learned = 0, []

    def learn(self, step):
        self.learned.append(step)
        self.made += 1
        loss = float("nan") if step == self.fails_at else float(step)
        return {"loss": torch.tensor(loss), "half": torch.tensor(loss / 2)}

    def state(self):
        return {"made": np.array(self.made)}

    def restore(self, state):
        if state.keys() != {"made"}:
            return False
        self.made = int(state["made"])
        return True


class Kept:
    """The last checkpoint, in memory."""

    def __init__(self, last=None):
        self.last, self.steps = last, []

    def write(self, arrays, reached):
        self.last = arrays, reached
        self.steps.append(reached.step)

    def every(self, seconds):
        return Checkpoints(lambda: self.last, self.write, seconds)


def test_every_step_is_made_once_and_in_order():
    learner, seen = Counting(), []
    learned = train(learner, device=CPU, report=seen.append)
    assert learner.learned == [*range(50)]
    assert [(p.step, p.steps, p.epoch) for p in seen] == [
        (20, 50, 0), (25, 50, 0), (40, 50, 1), (50, 50, 1)
    ]  # fmt: skip
    assert [p.losses["loss"] for p in seen] == [19, 24, 39, 49]
    assert all(p.images_per_s > 0 for p in seen)
    assert (learned.steps, learned.last) == (50, {"loss": 49, "half": 24.5})
    assert learned.images_per_s == pytest.approx(200 / learned.seconds)


def test_history_is_the_mean_of_each_epochs_looks():
    history = train(Counting(), device=CPU).history
    assert history == ({"loss": 21.5, "half": 10.75}, {"loss": 44, "half": 22})


def test_a_loss_that_is_not_finite_names_the_step_and_the_way_out():
    with pytest.raises(TrainingError, match=r"^counting diverged at step 40 of 50: .*count slower"):
        train(Counting(fails_at=39), device=CPU)


def test_nothing_to_learn_takes_no_steps():
    kept = Kept()
    learned = train(Counting(steps=0), device=CPU, checkpoints=kept.every(0.0))
    assert (learned.steps, learned.images_per_s, learned.history, learned.last) == (0, 0, (), None)
    assert kept.last is None


def test_checkpoints_are_written_in_time_and_never_after_the_last_step():
    often, never = Kept(), Kept()
    train(Counting(), device=CPU, checkpoints=often.every(0.0))
    train(Counting(), device=CPU, checkpoints=never.every(60.0))
    assert often.steps == [*range(1, 50)]
    assert never.steps == []


@pytest.mark.parametrize("stopped_at", [1, 20, 25, 33, 49])
def test_what_is_resumed_ends_as_what_never_stopped(stopped_at):
    whole = train(Counting(), device=CPU)
    kept = Kept()
    broken = Counting()

    class StopError(Exception):
        pass

    def until_then(step):
        if step == stopped_at:
            raise StopError
        return Counting.learn(broken, step)

    broken.learn = until_then
    with pytest.raises(StopError):
        train(broken, device=CPU, checkpoints=kept.every(0.0))
    resumed = Counting()
    learned = train(resumed, device=CPU, checkpoints=kept.every(0.0))
    assert resumed.learned == [*range(stopped_at, 50)]
    assert resumed.made == 50
    assert (learned.history, learned.last) == (whole.history, whole.last)
    assert learned.seconds > 0


@pytest.mark.parametrize(
    "last",
    [
        None,
        ({"other": np.array(3)}, Reached(3)),
        ({"made": np.array(51)}, Reached(51, history=({}, {}))),
        ({"made": np.array(-1)}, Reached(-1)),
        ({"made": np.array(30)}, Reached(30)),
    ],
    ids=["none", "another state", "beyond the end", "before the beginning", "no history"],
)
def test_a_checkpoint_that_does_not_fit_is_as_none(last):
    learner = Counting()
    train(learner, device=CPU, checkpoints=Kept(last).every(60.0))
    assert learner.learned == [*range(50)]
    assert learner.made == 50
