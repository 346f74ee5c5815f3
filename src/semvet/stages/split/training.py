"""U-shaped split training: both halves in this process, or the receiver in one of its own.

one process    encode, decode, judge, answer, learn, learn            wires: memory
two            encode,         judge,         learn                   wires: gloo, see `peer`
                       decode,        answer,        learn
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from semvet.attacks import ATTACKS, Controls
from semvet.config import Run
from semvet.errors import DefenseError, TrainingError
from semvet.stages.batches import Batches
from semvet.stages.engine import REPORT_EVERY, Progress
from semvet.stages.machine import choose_precision
from semvet.stages.split.ends import Ends, find_ends
from semvet.stages.split.parties import Course, Receiver, Transmitter, weights_of
from semvet.stages.split.peer import receiver_process
from semvet.stages.split.wire import InMemory, Wire
from semvet.stages.untrained import untrained_link
from semvet.stages.watch import Watch
from semvet.systems import TrainableLink
from semvet.types import ImageShape, Pairs

Turn = Callable[[int], None]


def split_training(
    run: Run, pairs: Pairs, *, parties: int, timeout_s: float, device: torch.device, watch: Watch
) -> tuple[TrainableLink, dict[str, Any]]:
    """The run's system trained from the start, each image's label being itself as it was sent.

    Args:
        run: what is trained and how; its defenses do not matter.
        pairs: training pairs, uint8; `wanted` and `level` are not looked at.
        parties: processes, 1 or 2; with 2, this one is the transmitter.
        timeout_s: longest wait for a message of the other process.

    Returns:
        The trained link in evaluation mode on `device`, and findings: plain numbers.

    Raises:
        DefenseError: a system that does not come apart; an attack that owns the training; a peer
            that dies, hangs or lies.
        TrainingError: the loss is not finite.
    """
    _refuse_owner_of_the_training(run)
    shape = ImageShape(*pairs.sent.shape[1:])
    ends = find_ends(untrained_link(run, shape))
    level = torch.zeros(len(pairs), dtype=torch.int64)
    batches = Batches(level, batch=run.training.batch, separate=False, seed=run.seed)
    trainable = bool(ends.transmitter + ends.receiver)
    steps = run.training.epochs * batches.steps_per_epoch if trainable else 0
    precision, _ = choose_precision(run.training.precision, device)
    course = Course(steps, run.training, run.seed, device, precision)
    began = time.perf_counter()
    link = untrained_link(run, shape)
    with _wired(run, ends, course, shape, parties, timeout_s) as (wire, receiver):
        transmitter = Transmitter(link, ends, course, wire, sent=pairs.sent, batches=batches)
        _train(transmitter, receiver, watch)
        traffic = dict(wire.traffic)
        if receiver:
            receiver.hand_over()
        state = link.system.state_dict()
        for message in weights_of(state, ends.receiver):
            state[message.kind].copy_(wire.receive(message, step=steps))
    link.system.schedule(link.system.phases - 1, 1.0)
    findings = {
        "parties": parties,
        "backend": "gloo" if parties == 2 else "memory",
        "steps": steps,
        "seconds": time.perf_counter() - began,
        "final_loss": float(transmitter.loss),
    }
    for message, count in traffic.items():
        findings[f"bytes_per_step/{message.kind} of the {message.sender}"] = count // steps
    findings["bytes_per_step"] = sum(traffic.values()) // max(1, steps)
    return link.eval(), findings


def _refuse_owner_of_the_training(run: Run) -> None:
    if Controls.TRAINING in ATTACKS[run.attack.name].controls:
        raise DefenseError(
            f"split-training: the adversary of {run.attack.name} owns the training, and with it "
            "the transmitter that would have to defend itself. Allowed: attacks that write data"
        )


@contextmanager
def _wired(
    run: Run, ends: Ends, course: Course, shape: ImageShape, parties: int, timeout_s: float
) -> Iterator[tuple[Wire, Receiver | None]]:
    """The transmitter's wire, and the receiver if it is in this process."""
    if parties == 1:
        here, there = InMemory.pair(course.steps)
        yield here, Receiver(untrained_link(run, shape), ends, course, there)
        return
    with receiver_process(run, course, shape, timeout_s=timeout_s) as wire:
        yield wire, None


def _train(transmitter: Transmitter, receiver: Receiver | None, watch: Watch) -> None:
    course, per_epoch = transmitter.half.course, transmitter.batches.steps_per_epoch
    began = time.perf_counter()
    for step in range(course.steps):
        for i, turn in enumerate(transmitter.turns):
            turn(step)
            if receiver:
                receiver.turns[i](step)
        done = step + 1
        if done % REPORT_EVERY == 0 or done % per_epoch == 0:
            loss = float(transmitter.loss)
            if not np.isfinite(loss):
                raise TrainingError(
                    f"split-training: training diverged at step {done} of {course.steps}; lower "
                    f"training.learning_rate (now {course.training.learning_rate})"
                )
            speed = done * course.training.batch / (time.perf_counter() - began)
            looks = {"reconstruction": loss}
            watch.training(Progress(done, course.steps, step // per_epoch, speed, looks))
