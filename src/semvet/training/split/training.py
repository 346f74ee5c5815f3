"""U-shaped split training: both parties in this process, or the receiver in one of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from semvet.attacks import Attack, Controls
from semvet.clock import Stopwatch
from semvet.learning import train
from semvet.systems import Transceiver
from semvet.training.batches import Batches
from semvet.training.engine import moved, refuse_constant_output
from semvet.training.machine import choose_precision
from semvet.training.recipe import Recipe
from semvet.training.split.ends import Ends, find_ends
from semvet.training.split.parties import Course, Receiver, Transmitter, weights_of
from semvet.training.split.peer import receiver_process
from semvet.training.split.remote import images_per_step
from semvet.training.split.wire import InMemory, Message, Wire
from semvet.watch import Watch


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
    link, clock = recipe.make()[0], Stopwatch(device)
    transmitter = Transmitter(link, attack, moved(pairs, device), batches, ends, course)
    with _joined(transmitter, recipe, parties, timeout_s):
        learned = train(transmitter, device=device, report=watch.training)
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
        "seconds": clock.seconds(),
        "final_loss": learned.last["loss"] if learned.last else None,
    }
    return link.eval(), attack, findings | _per_step(traffic, steps)


def _take_over(link: Transceiver, ends: Ends, wire: Wire, *, step: int) -> None:
    """The receiver's end as it was trained, for a whole link."""
    state = link.system.state_dict()
    for message in weights_of(state, ends.receiver):
        state[message.kind].copy_(wire.receive(message, step=step))


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
