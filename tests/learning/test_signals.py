"""Signals wait for the end of the step, and nobody loses one."""

import os
import signal
import threading

import numpy as np
import pytest
import torch

from semvet.learning import Checkpoints, train
from semvet.learning.signals import NAMES, held_back

CPU = torch.device("cpu")
SIGNALS = [getattr(signal, name) for name in NAMES]


class StopError(Exception):
    pass


@pytest.fixture(autouse=True)
def as_before():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def raising(number, frame):
    raise StopError(number)


class Interrupted:
    """Gets a signal in the middle of step 3, and finishes that step."""

    name, way_out, steps, steps_per_epoch, images = "it", "", 6, 6, 1

    def __init__(self, number, times=1):
        self.number, self.times, self.finished = number, times, []

    def learn(self, step):
        if step == 3:
            for _ in range(self.times):
                os.kill(os.getpid(), self.number)
        self.finished.append(step)
        return {"loss": torch.zeros(())}

    def state(self):
        return {"finished": np.array(self.finished)}

    def restore(self, state):
        return False


def saved_by(learner):
    """The steps that a checkpoint was written after, and what ended the training."""
    written, end = [], None
    checkpoints = Checkpoints(lambda: None, lambda a, r: written.append(r.step), every_s=60.0)
    try:
        train(learner, device=CPU, checkpoints=checkpoints)
    except (StopError, KeyboardInterrupt) as error:
        end = error
    return written, end


@pytest.mark.parametrize("number", SIGNALS)
def test_the_step_is_finished_and_saved_before_the_signal_is_given_on(number):
    signal.signal(number, raising)
    learner = Interrupted(number)
    written, end = saved_by(learner)
    assert learner.finished == [0, 1, 2, 3]
    assert written == [4]
    assert isinstance(end, StopError)
    assert end.args == (number,)
    assert signal.getsignal(number) is raising


def test_ctrl_c_is_a_keyboard_interrupt():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    written, end = saved_by(Interrupted(signal.SIGINT))
    assert isinstance(end, KeyboardInterrupt)
    assert written == [4]


def test_a_second_one_is_given_on_at_once():
    signal.signal(signal.SIGTERM, raising)
    learner = Interrupted(signal.SIGTERM, times=2)
    written, end = saved_by(learner)
    assert learner.finished == [0, 1, 2]
    assert isinstance(end, StopError)
    assert written == []


def test_what_was_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    learner = Interrupted(signal.SIGHUP)
    assert saved_by(learner) == ([], None)
    assert len(learner.finished) == 6


def test_a_handler_that_returns_lets_the_training_go_on():
    heard = []
    signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    learner = Interrupted(signal.SIGTERM)
    written, end = saved_by(learner)
    assert (heard, written, end) == ([signal.SIGTERM], [4], None)
    assert len(learner.finished) == 6


def test_a_signal_comes_before_the_error_that_it_caused():
    """A receiver that Ctrl-C has ended breaks the connection in the same step."""
    signal.signal(signal.SIGTERM, raising)

    def broken():
        with held_back():
            os.kill(os.getpid(), signal.SIGTERM)
            raise RuntimeError

    with pytest.raises(StopError):
        broken()


def test_other_threads_leave_signals_alone():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def inside():
        with held_back():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [before]
