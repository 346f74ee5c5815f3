"""A system whose receiver is elsewhere: what the transmitter computes its loss with.

    x -> E -> modulate -> symbols  ~exchange~>  received            forward
    gradient of symbols           <~exchange~   gradient of received     backward

Whoever computes a loss over it, an attack's or the ordinary one, takes it for a whole system.
"""

from collections.abc import Sequence
from typing import Any, Protocol, final, runtime_checkable

import torch
from torch import Tensor, nn

from semvet.attacks import Attack
from semvet.channels import Channel
from semvet.errors import DefenseError
from semvet.randomness import stream
from semvet.systems import System, Transceiver, Transmission
from semvet.systems.base import as_features
from semvet.training.split.ends import as_one_shot
from semvet.types import Draws, Images, Moment, Pairs, Symbols
from semvet.units import Decibels


@runtime_checkable
class Exchange(Protocol):
    """One step's dealings with the receiver."""

    def there(self, symbols: Symbols) -> Images:
        """What the receiver makes of them."""
        ...

    def back(self, gradient: Images) -> Symbols:
        """The symbols' gradient, from that of the receiver's images."""
        ...


@final
class Crossing(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, symbols: Tensor, exchange: Exchange) -> Tensor:
        ctx.exchange = exchange
        with torch.enable_grad():  # the receiver may be in this process
            return exchange.there(symbols.detach()).detach()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.exchange.back(gradients[0]), None


@final
class Remote(System):
    """Args:
    system: of which only the transmitter's end is used.
    """

    def __init__(self, system: System, exchange: Exchange):
        super().__init__()
        self.system, self.exchange = as_one_shot(system), exchange
        self.shape, self.symbols, self.phases = system.shape, system.symbols, system.phases
        self.learned = system.learned
        self.last: tuple[Channel, Draws] | None = None  # of the last transmission

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        return self.system.encoder_convolutions

    def transmit(
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels,
        moment: Moment | None = None,
    ) -> Transmission:  # fmt: skip
        self.last = channel, noise
        latent = self.system.encode(x, channel.capacity(noise, snr_db=snr_db))
        received = Crossing.apply(self.system.modulate(latent, moment=moment), self.exchange)
        terms = self.system.transmitter_terms(latent, moment=moment)
        observed = self.system.observe(latent)
        return Transmission(received, as_features(latent), terms, observed=observed)


@final
class Rehearsal:
    """An exchange with nobody, that counts."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape
        self.rows: list[int] = []

    def there(self, symbols: Symbols) -> Images:
        self.rows.append(len(symbols))
        return torch.full((len(symbols), *self.shape), 0.5)

    def back(self, gradient: Images) -> Symbols:
        raise NotImplementedError


def images_per_step(link: Transceiver, attack: Attack, batch: Pairs, victims: int) -> int:
    """How many images a step sends: the batch, and what an attack on the training adds to it.

    Of a link that is not needed any more. Raises DefenseError: an attack whose steps are not one
    transmission over the usual channel with noise that the receiver could draw as well.
    """
    system = link.system
    rehearsal = Rehearsal(system.shape)
    remote = Remote(system, rehearsal)
    stage = Transceiver(
        remote, link.nominal.channel, snr_db=link.nominal.snr_db, snr_spread_db=link.snr_spread_db
    ).train()
    noise = attack.draw(stage, len(batch), victims, rng=stream(0, "rehearsal"))
    attack.loss(stage, batch, victims, noise)
    assert remote.last is not None
    channel, used = remote.last
    if len(rehearsal.rows) == 1 and channel is link.nominal.channel:
        theirs = stage.draw(rehearsal.rows[0], rng=stream(0, "rehearsal"))
        if all(name in used and torch.equal(used[name], theirs[name]) for name in theirs
               if isinstance(theirs[name], Tensor)):  # fmt: skip
            return rehearsal.rows[0]
    raise DefenseError(
        f"split-training: {type(attack).__name__} owns the training, and its steps are not one "
        "transmission over the usual channel, of which a receiver could do its half. Allowed: "
        "attacks that write data (bass, none), or whose triggered images share the batch's "
        "transmission (sembugger, ihtg, sc-trojan, frequency)"
    )
