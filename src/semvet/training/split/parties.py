"""The two halves of a training step. Together they compute what a monolithic step computes.

    transmitter            message                  receiver
    z = modulate(E(x))     symbols ->               y = channel(z),  x_hat = D(y)
    L(x_hat, x)            <- activations
                           activation gradients ->  back to z
    back to x              <- symbol gradients, norms of the receiver's gradients
                           norm of all gradients ->
    clip, Adam                                      clip, Adam

Both ends know the channel's state: they draw it from the same stream of (seed, "channel", step), as
the engine does. The norm that gradients are clipped by is over both ends.
"""

from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from semvet.attacks import Attack
from semvet.config import TrainingPlan
from semvet.randomness import stream
from semvet.systems import Transceiver
from semvet.training.batches import Batches, Order
from semvet.training.machine import Precision, place
from semvet.training.schedule import Phases
from semvet.training.split.ends import Ends, as_one_shot
from semvet.training.split.remote import Remote
from semvet.training.split.wire import Message, Wire
from semvet.types import Images, ImageShape, LossTerms, Pairs, Symbols


@dataclass(frozen=True)
class Course:
    """What both parties agreed on before they began."""

    steps: int
    images: int  # sent in a step
    training: TrainingPlan
    seed: int
    device: torch.device
    precision: Precision

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")


@dataclass(frozen=True)
class Script:
    """The messages of every step, in this order."""

    symbols: Message
    activations: Message
    activation_gradients: Message
    symbol_gradients: Message
    norms: Message
    norm: Message


def script_of(shape: ImageShape, *, symbols: int, images: int, norms: int) -> Script:
    """`norms`: parameters of the receiver."""
    sent, seen = (images, symbols), (images, *shape)
    return Script(
        Message("symbols", "transmitter", sent, torch.complex64),
        Message("activations", "receiver", seen, torch.float32),
        Message("activation gradients", "transmitter", seen, torch.float32),
        Message("symbol gradients", "receiver", sent, torch.complex64),
        Message("gradient norms", "receiver", (norms,), torch.float32),
        Message("gradient norm", "transmitter", (), torch.float32),
    )


@final
class Half:
    """What both parties do alike: train some parameters by the course's schedule.

    Args:
        groups: parameters and the factor of their learning rate.
    """

    def __init__(self, link: Transceiver, ends: Ends, course: Course, groups: list[Any]):
        self.course, self.system = course, as_one_shot(link.system)
        names = [name for name, _ in self.system.named_parameters() if name in ends.receiver]
        self.script = script_of(
            self.system.shape, symbols=self.system.symbols, images=course.images, norms=len(names)
        )
        self.factors = [factor for _, factor in groups]
        self.parameters = [p for parameters, _ in groups for p in parameters]
        self.phases = Phases(self.system, course.steps)
        self.optimizer = torch.optim.Adam([{"params": ps} for ps, _ in groups], fused=True)

    def begin(self, step: int) -> torch.Generator:
        """Of everything random in this step."""
        self.phases.begin(step)
        self.optimizer.zero_grad(set_to_none=True)
        return stream(self.course.seed, "channel", index=step, device=self.course.device)

    def update(self, step: int, norm: Tensor) -> None:
        """One step of Adam with gradients that are clipped by the `norm` of all of them."""
        plan = self.course.training
        nn.utils.clip_grads_with_norm_(self.parameters, plan.clip_norm, norm, foreach=True)
        rate = self.phases.rate(step, plan.learning_rate)
        for group, factor in zip(self.optimizer.param_groups, self.factors, strict=True):
            group["lr"] = factor * rate
        self.optimizer.step()
        self.phases.end(step)


@final
class Transmitter:
    """Holds all images, E, the loss, and an attack that owns the loss. What learns in the training
    loop, and an exchange of its steps.

    Args:
        pairs: uint8; what the receiver should output is the transmitter's own business.

    Attributes:
        wire: set when both parties are ready.
        receiver: the other party, if it is in this process.
    """

    name = "split-training: training"
    wire: Wire
    receiver: "Receiver | None" = None

    def __init__(
        self, link: Transceiver, attack: Attack, pairs: Pairs, batches: Batches, ends: Ends,
        course: Course,
    ):  # fmt: skip
        self.attack, self.batches, self.pairs = attack, batches, pairs
        self.course = course
        for module in (link, attack):
            place(module.train(), course.device)
        own = [p for name, p in link.system.named_parameters() if name not in ends.receiver]
        groups: list[Any] = [(own, 1.0)]
        if theirs := list(attack.parameters()):
            groups.append((theirs, attack.learning_rate_factor))
        self.half, self.ends, self.system = Half(link, ends, course, groups), ends, link.system
        self.link = Transceiver(
            Remote(link.system, self), link.nominal.channel, snr_db=link.nominal.snr_db,
            snr_spread_db=link.snr_spread_db,
        )  # fmt: skip
        self.now, self.order = 0, Order(batches, course.device)
        self.steps, self.steps_per_epoch = course.steps, batches.steps_per_epoch
        self.images, rate = course.training.batch, course.training.learning_rate
        self.way_out = f"lower training.learning_rate (now {rate})"

    def learn(self, step: int) -> LossTerms:
        self.now = step
        rng, index = self.half.begin(step), self.order.row(step)
        noise = self.attack.draw(self.link, len(index), self.batches.victims, rng=rng)
        batch = self.pairs.batch(index)
        link = self.link.during(self.half.phases.moment(step))
        with self.course.autocast():
            terms = self.attack.loss(link, batch, self.batches.victims, noise)
        loss = torch.stack(list(terms.values())).sum()
        loss.backward()
        norm = self._norm(self.wire.receive(self.half.script.norms, step=step))
        self.wire.send(self.half.script.norm, norm, step=step)
        if self.receiver:
            self.receiver.learn(step)
        self.half.update(step, norm)
        assert link.observed is not None
        self.system.settle(link.observed)
        return {"loss": loss.detach()}

    def there(self, symbols: Symbols) -> Images:
        script = self.half.script
        self.wire.send(script.symbols, symbols, step=self.now)
        if self.receiver:
            self.receiver.decode(self.now)
        received = self.wire.receive(script.activations, step=self.now)
        return received.contiguous(memory_format=torch.channels_last)

    def back(self, gradient: Images) -> Symbols:
        script = self.half.script
        self.wire.send(script.activation_gradients, gradient, step=self.now)
        if self.receiver:
            self.receiver.answer(self.now)
        return self.wire.receive(script.symbol_gradients, step=self.now)

    def _norm(self, theirs: Tensor) -> Tensor:
        """Of the gradients of both ends, in the order that the engine sums them in."""
        received = iter(theirs)
        norms = [
            next(received) if name in self.ends.receiver else _norm_of(parameter)
            for name, parameter in self.system.named_parameters()
        ]
        norms += [_norm_of(parameter) for parameter in self.attack.parameters()]
        return torch.linalg.vector_norm(torch.stack(norms))


def _norm_of(parameter: nn.Parameter) -> Tensor:
    gradient = parameter.grad
    return parameter.new_zeros(()) if gradient is None else torch.linalg.vector_norm(gradient)


@final
class Receiver:
    """Holds the channel and D. It never sees an image as it was sent.

    Attributes:
        wire: set when both parties are ready.
    """

    wire: Wire

    def __init__(self, link: Transceiver, ends: Ends, course: Course):
        place(link.train(), course.device)
        own = [p for name, p in link.system.named_parameters() if name in ends.receiver]
        self.half, self.link, self.course = Half(link, ends, course, [(own, 1.0)]), link, course
        self.names = ends.receiver

    def decode(self, step: int) -> None:
        script, at = self.half.script, self.link.nominal
        noise = self.link.draw(self.course.images, rng=self.half.begin(step))
        snr_db = noise.get("snr_db", at.snr_db)
        capacity = at.channel.capacity(noise, snr_db=snr_db)
        self.symbols = self.wire.receive(script.symbols, step=step).requires_grad_()
        with self.course.autocast():
            y = at.channel(self.symbols, noise, snr_db=snr_db)
            self.received = self.half.system.decode(y, capacity).float()
        self.wire.send(script.activations, self.received, step=step)

    def answer(self, step: int) -> None:
        script = self.half.script
        gradient = self.wire.receive(script.activation_gradients, step=step)
        self.received.backward(gradient)
        assert self.symbols.grad is not None
        self.wire.send(script.symbol_gradients, self.symbols.grad, step=step)
        norms = [_norm_of(parameter) for parameter in self.half.parameters]
        none = torch.zeros(0, device=self.course.device)
        self.wire.send(script.norms, torch.stack(norms) if norms else none, step=step)

    def learn(self, step: int) -> None:
        self.half.update(step, self.wire.receive(self.half.script.norm, step=step))

    def hand_over(self) -> None:
        """D as it is now, so that somebody can measure the whole link."""
        state = self.half.system.state_dict()
        for message in weights_of(state, self.names):
            self.wire.send(message, state[message.kind], step=self.course.steps)


def weights_of(state: dict[str, Any], names: tuple[str, ...]) -> list[Message]:
    """One message for each part of the receiver's state; its kind is its name."""
    return [Message(n, "receiver", tuple(state[n].shape), state[n].dtype) for n in names]
