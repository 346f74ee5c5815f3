"""The two halves of a training step. Together they compute what a monolithic step computes.

    transmitter            message                  receiver
    z = modulate(E(x))     symbols ->               y = channel(z),  x_hat = D(y)
    L = |x_hat - x|^2      <- activations
                           activation gradients ->  back to z
    back to x              <- symbol gradients, squared norm of the receiver's gradient
                           squared norm of the transmitter's gradient ->
    clip, Adam                                      clip, Adam

Both ends know the channel's state: they draw it from the same stream of (seed, "channel", step), as
the engine does. The gradient's norm, which clipping needs, is over both ends.
"""

from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from semvet.config import Training
from semvet.randomness import stream
from semvet.stages.batches import Batches
from semvet.stages.engine import learning_rate
from semvet.stages.machine import Precision, place
from semvet.stages.split.ends import Ends, as_one_shot
from semvet.stages.split.wire import Message, Wire
from semvet.systems import TrainableLink
from semvet.types import ImageShape, Noise, Pairs, PerImage, Pixels


@dataclass(frozen=True)
class Course:
    """What both parties agreed on before they began."""

    steps: int
    training: Training
    seed: int
    device: torch.device
    precision: Precision


@dataclass(frozen=True)
class Script:
    """The messages of every step, in this order."""

    symbols: Message
    activations: Message
    activation_gradients: Message
    symbol_gradients: Message
    receiver_norm: Message
    transmitter_norm: Message


def script_of(shape: ImageShape, *, symbols: int, batch: int) -> Script:
    sent, seen = (batch, symbols), (batch, *shape)
    return Script(
        Message("symbols", "transmitter", sent, torch.complex64),
        Message("activations", "receiver", seen, torch.float32),
        Message("activation gradients", "transmitter", seen, torch.float32),
        Message("symbol gradients", "receiver", sent, torch.complex64),
        Message("squared gradient norm", "receiver", (), torch.float32),
        Message("squared gradient norm", "transmitter", (), torch.float32),
    )


@final
class Half:
    """What both parties do alike: a link of which one end is used and trained.

    Args:
        names: the parameters and buffers of that end.
    """

    def __init__(self, link: TrainableLink, names: tuple[str, ...], course: Course):
        place(link.train(), course.device)
        self.link, self.course, self.system = link, course, as_one_shot(link.system)
        self.phase_steps = -(-course.steps // self.system.phases)
        self.script = script_of(
            self.system.shape, symbols=self.system.symbols, batch=course.training.batch
        )
        parameters = dict(self.system.named_parameters())
        self.parameters = [parameters[name] for name in names if name in parameters]
        self.optimizer = torch.optim.Adam([{"params": self.parameters}], fused=True)
        self.noise: Noise = {}

    def begin(self, step: int) -> PerImage:
        """Capacity of each image's channel in this step."""
        phase, done = divmod(step, self.phase_steps)
        self.system.schedule(phase, done / self.phase_steps)
        rng = stream(self.course.seed, "channel", index=step, device=self.course.device)
        self.noise = self.link.draw(self.course.training.batch, rng=rng)
        self.optimizer.zero_grad(set_to_none=True)
        return self.link.air.channel.capacity(self.noise, snr_db=self.snr_db)

    @property
    def snr_db(self) -> float | Tensor:
        return self.noise.get("snr_db", self.link.air.snr_db)

    def autocast(self) -> torch.autocast:
        enabled = self.course.precision == "bf16"
        return torch.autocast(self.course.device.type, torch.bfloat16, enabled=enabled)

    @property
    def gradients(self) -> list[Tensor]:
        return [p.grad for p in self.parameters if p.grad is not None]

    def squared_norm(self) -> Tensor:
        zero = torch.zeros((), device=self.course.device)
        return torch.stack([zero, *(g.square().sum() for g in self.gradients)]).sum()

    def update(self, step: int, squared_norm: Tensor) -> None:
        """One step of Adam with gradients whose norm over both ends is clipped."""
        plan = self.course.training
        scale = (plan.clip_norm / (squared_norm.sqrt() + 1e-6)).clamp(max=1)  # as torch clips
        for gradient in self.gradients:
            gradient.mul_(scale)
        rate = learning_rate(step % self.phase_steps, self.phase_steps, plan.learning_rate)
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()


@final
class Transmitter:
    """Holds all images, E and the loss.

    Args:
        sent: (image, chan, height, width) uint8, D_T; also what the receiver should output.
    """

    def __init__(
        self, link: TrainableLink, ends: Ends, course: Course, wire: Wire, *,
        sent: Pixels, batches: Batches,
    ):  # fmt: skip
        self.half, self.wire, self.script = Half(link, ends.transmitter, course), wire, None
        self.batches = batches
        sent = sent.to(course.device)
        benign = torch.zeros(len(sent), dtype=torch.int64, device=course.device)
        self.pairs = Pairs(sent, sent, benign, benign)
        self.turns = (self.encode, self.judge, self.learn)
        self.loss = torch.zeros(())
        self.order = torch.empty(0)

    def encode(self, step: int) -> None:
        half = self.half
        epoch, row = divmod(step, self.batches.steps_per_epoch)
        if row == 0:
            self.order = self.batches.epoch(epoch).to(half.course.device)
        capacity = half.begin(step)
        self.x = self.pairs.batch(self.order[row]).sent
        with half.autocast():
            latent = half.system.encode(self.x, capacity)
            self.symbols = half.system.modulate(latent)
            self.terms = half.system.transmitter_terms(latent)
        self.wire.send(half.script.symbols, self.symbols, step=step)

    def judge(self, step: int) -> None:
        script = self.half.script
        received = self.wire.receive(script.activations, step=step).requires_grad_()
        loss = mse_loss(received, self.x)
        (gradient,) = torch.autograd.grad(loss, received)
        self.loss = torch.stack([loss, *self.terms.values()]).sum().detach()
        self.wire.send(script.activation_gradients, gradient, step=step)

    def learn(self, step: int) -> None:
        half, script = self.half, self.half.script
        gradient = self.wire.receive(script.symbol_gradients, step=step)
        other = self.wire.receive(script.receiver_norm, step=step)
        outputs = [self.symbols, *self.terms.values()]
        ones = [torch.ones_like(term) for term in self.terms.values()]
        trained = [
            (y, g) for y, g in zip(outputs, [gradient, *ones], strict=True) if y.requires_grad
        ]
        if trained:
            torch.autograd.backward(*zip(*trained, strict=True))
        own = half.squared_norm()
        self.wire.send(script.transmitter_norm, own, step=step)
        half.update(step, own + other)


@final
class Receiver:
    """Holds the channel and D. It never sees an image as it was sent."""

    def __init__(self, link: TrainableLink, ends: Ends, course: Course, wire: Wire):
        self.half, self.names, self.wire = Half(link, ends.receiver, course), ends.receiver, wire
        self.turns = (self.decode, self.answer, self.learn)

    def decode(self, step: int) -> None:
        half = self.half
        capacity = half.begin(step)
        self.symbols = self.wire.receive(half.script.symbols, step=step).requires_grad_()
        with half.autocast():
            y = half.link.air.channel(self.symbols, half.noise, snr_db=half.snr_db)
            self.received = half.system.decode(y, capacity).float()
        self.wire.send(half.script.activations, self.received, step=step)

    def answer(self, step: int) -> None:
        half, script = self.half, self.half.script
        gradient = self.wire.receive(script.activation_gradients, step=step)
        self.received.backward(gradient)
        self.own = half.squared_norm()
        self.wire.send(script.symbol_gradients, self.symbols.grad, step=step)
        self.wire.send(script.receiver_norm, self.own, step=step)

    def learn(self, step: int) -> None:
        other = self.wire.receive(self.half.script.transmitter_norm, step=step)
        self.half.update(step, other + self.own)

    def hand_over(self) -> None:
        """D as it is now, so that somebody can measure the whole link."""
        state = self.half.system.state_dict()
        for message in weights_of(state, self.names):
            self.wire.send(message, state[message.kind], step=self.half.course.steps)


def weights_of(state: dict[str, Any], names: tuple[str, ...]) -> list[Message]:
    """One message for each part of the receiver's state; its kind is its name."""
    return [Message(n, "receiver", tuple(state[n].shape), state[n].dtype) for n in names]
