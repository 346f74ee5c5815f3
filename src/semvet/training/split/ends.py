"""Where a system comes apart: which of its state belongs to which end.

Found by running each end once: a parameter belongs to the end whose output has a gradient for it,
a buffer to the end that changes it. What belongs to neither stays as it is.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from semvet.errors import DefenseError
from semvet.randomness import stream
from semvet.systems import SYSTEMS, OneShotSystem, System, Transceiver


@dataclass(frozen=True)
class Ends:
    """Names of parameters and buffers of the system, in its order."""

    transmitter: tuple[str, ...]
    receiver: tuple[str, ...]

    @property
    def trainable(self) -> bool:
        return bool(self.transmitter or self.receiver)


def comes_apart(system: type[System]) -> bool:
    """Whether a transmission is encode, modulate, channel, decode and nothing that sees both."""
    return issubclass(system, OneShotSystem) and system.transmit is OneShotSystem.transmit


def as_one_shot(system: System) -> OneShotSystem:
    """`system` itself. Raises DefenseError with the systems that come apart, if it does not."""
    if comes_apart(type(system)):
        return cast(OneShotSystem, system)
    allowed = ", ".join(name for name, table in SYSTEMS.items() if comes_apart(table))
    raise DefenseError(
        f"split-training: {type(system).__name__} does not come apart into a transmitter and a "
        "receiver with one transmission between them: it has feedback, or a loss that sees both "
        f"ends. Allowed: system={allowed}"
    )


def find_ends(link: Transceiver) -> Ends:
    """Of a link that is not needed any more: its buffers are changed.

    Raises DefenseError: a system that does not come apart, or whose ends share something.
    """
    system = as_one_shot(link.train().system)
    noise = link.draw(2, rng=stream(0, "ends"))
    snr_db = noise.get("snr_db", link.nominal.snr_db)
    capacity = link.nominal.channel.capacity(noise, snr_db=snr_db)
    x = torch.rand((2, *system.shape), generator=stream(0, "ends"))
    before = _buffers(system)
    latent = system.encode(x, capacity)
    sent = system.modulate(latent)
    losses = [_size(sent), *system.transmitter_terms(latent).values()]
    transmitter = _touched(system, torch.stack(losses).sum(), before)
    before, y = _buffers(system), sent.detach().requires_grad_()
    received = system.decode(link.nominal.channel(y, noise, snr_db=snr_db), capacity)
    receiver = _touched(system, _size(received), before)
    if shared := set(transmitter) & set(receiver):
        raise DefenseError(
            f"split-training: both ends of {type(system).__name__} use {sorted(shared)[0]}, but a "
            "party has only its own; give each end its own copy"
        )
    return Ends(transmitter, receiver)


def _size(tensor: Tensor) -> Tensor:
    return tensor.abs().square().sum()


def _buffers(system: System) -> dict[str, Tensor]:
    return {name: buffer.clone() for name, buffer in system.named_buffers()}


def _touched(system: System, loss: Tensor, before: dict[str, Tensor]) -> tuple[str, ...]:
    parameters = {name: p for name, p in system.named_parameters() if p.requires_grad}
    found = set()
    if loss.requires_grad and parameters:
        gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
        found = {name for name, g in zip(parameters, gradients, strict=True) if g is not None}
    buffers = dict(system.named_buffers())
    found |= {name for name, now in buffers.items() if not torch.equal(now, before[name])}
    return tuple(name for name in system.state_dict() if name in found)
