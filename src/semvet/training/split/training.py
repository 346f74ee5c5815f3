"""U-shaped split training: both parties in this process, or the receiver in one of its own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from semvet.attacks import Attack, Controls
from semvet.errors import TrainingError
from semvet.systems import Transceiver
from semvet.training.batches import Batches
from semvet.training.engine import REPORT_EVERY, moved, refuse_constant_output
from semvet.training.machine import choose_precision
from semvet.training.recipe import Recipe
from semvet.training.split.ends import Ends, find_ends
from semvet.training.split.parties import Course, Receiver, Transmitter, weights_of
from semvet.training.split.peer import receiver_process
from semvet.training.split.remote import images_per_step
from semvet.training.split.wire import InMemory, Message, Wire
from semvet.watch import Progress, Watch


def split_training(
    recipe: Recipe, *, parties: int, timeout_s: float, device: torch.device, watch: Watch
) -> tuple[Transceiver, Attack, dict[str, Any]]:
    """The recipe's system trained from the start, each image's label being itself as it was sent.

    An adversary who owns the training owns the transmitter: its loss and its labels stay.

    Args:
        parties: processes, 1 or 2; with 2, this one is the transmitter.
        timeout_s: longest wait for a message of the other process.

    Returns:
        The trained link in evaluation mode on `device`, the attack, trained along with it where it
        owns the training, and findings: plain numbers.

    Raises:
        DefenseError: a system or an attack that does not come apart; a peer that dies, hangs or
            lies.
        TrainingError: the loss is not finite, or the outputs have become constant.
    """
    pairs, plan, (trial, attack) = recipe.pairs, recipe.plan, recipe.make()
    owned = Controls.TRAINING in attack.controls
    if not owned:
        pairs = replace(pairs, wanted=pairs.sent)
    batches = Batches(pairs.level, batch=plan.batch, separate=owned, seed=recipe.seed)
    ends = find_ends(trial)
    first = pairs.batch(batches.epoch(0)[0])
    images = images_per_step(trial, attack, first, batches.victims)
    steps = plan.epochs * batches.steps_per_epoch if ends.trainable else 0
    precision, _ = choose_precision(plan.precision, device)
    course = Course(steps, images, plan, recipe.seed, device, precision)
    link, began = recipe.make()[0], time.perf_counter()
    transmitter = Transmitter(link, attack, moved(pairs, device), batches, ends, course)
    with _joined(transmitter, recipe, parties, timeout_s):
        loss = _train(transmitter, watch)
        traffic = dict(transmitter.wire.traffic)
        if transmitter.receiver:
            transmitter.receiver.hand_over()
        _take_over(link, ends, transmitter.wire, step=steps)
    if steps:
        done = f"{steps} of {steps}"
        refuse_constant_output(link, transmitter.pairs, done, plan, recipe.seed)
    findings = {
        "parties": parties,
        "backend": "gloo" if parties == 2 else "memory",
        "steps": steps,
        "seconds": time.perf_counter() - began,
        "final_loss": loss,
    }
    return link.eval(), attack, findings | _per_step(traffic, steps)


def _take_over(link: Transceiver, ends: Ends, wire: Wire, *, step: int) -> None:
    """The receiver's end as it was trained, for a whole link."""
    state = link.system.state_dict()
    for message in weights_of(state, ends.receiver):
        state[message.kind].copy_(wire.receive(message, step=step))
    link.system.requires_grad_()


def _per_step(traffic: dict[Message, int], steps: int) -> dict[str, int]:
    """Bytes."""
    parts = {
        f"bytes_per_step/{message.kind} of the {message.sender}": count // steps
        for message, count in traffic.items()
    }
    return {"bytes_per_step": sum(parts.values())} | parts


@contextmanager
def _joined(
    transmitter: Transmitter, recipe: Recipe, parties: int, timeout_s: float
) -> Iterator[None]:
    """With a receiver, in this process or in one of its own."""
    course, ends = transmitter.course, transmitter.ends
    if parties == 1:
        receiver = Receiver(recipe.make()[0], ends, course)
        transmitter.wire, receiver.wire = InMemory.pair(course.steps)
        transmitter.receiver = receiver
        yield
        return
    with receiver_process(recipe.elsewhere, course, timeout_s=timeout_s) as transmitter.wire:
        yield


def _train(transmitter: Transmitter, watch: Watch) -> float | None:
    """The last step's loss; None without steps."""
    course, per_epoch = transmitter.course, transmitter.batches.steps_per_epoch
    began, loss = time.perf_counter(), None
    for done in range(1, course.steps + 1):
        now = transmitter.step(done - 1)
        if done % REPORT_EVERY and done % per_epoch:
            continue
        loss = float(now)
        if not np.isfinite(loss):
            raise TrainingError(
                f"split-training: training diverged at step {done} of {course.steps}; lower "
                f"training.learning_rate (now {course.training.learning_rate})"
            )
        speed = done * course.training.batch / (time.perf_counter() - began)
        progress = Progress(done, course.steps, (done - 1) // per_epoch, speed, {"loss": loss})
        watch.training(progress)
    return loss
