"""Frequency responses of the models of 3GPP TR 38.901, drawn by Sionna.

    H(f) = sum_m a_m exp(-j 2 pi f tau_m)      paths m of gain a_m (random) and delay tau_m (fixed)

    rng -> Sionna's model -> a, tau -> cir_to_ofdm_channel at subcarrier_frequencies -> H

Sionna is optional and takes seconds to import, which also reseeds torch's global streams: it is
imported when the first such channel is made, never with semvet, and the streams are put back. It
draws from one generator per device that its configuration owns; that generator is made to go on
where `rng` is and put back afterwards, so nothing global changes and `rng` moves on.

Paper: 3GPP TR 38.901, clauses 7.7.1 (CDL), 7.7.2 (TDL), 7.7.3 (delay spread).
"""

from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, Literal, final

import torch
from annotated_types import Ge, Le
from torch import Generator

from semvet.channels.base import Channel
from semvet.channels.propagation.ofdm import OFDM, Response
from semvet.errors import ConfigError
from semvet.randomness import lent, untouched
from semvet.types import Draws, PerImage, Received, Symbols
from semvet.units import Decibels

Model = Literal["A", "B", "C", "D", "E"]
Nanoseconds = Annotated[float, Ge(0), Le(5000)]
Gigahertz = Annotated[float, Ge(0.5), Le(100)]
Kilohertz = Annotated[float, Ge(1), Le(1000)]
MetersPerSecond = Annotated[float, Ge(0), Le(150)]

PREFIX = 144 / 2048  # the normal cyclic prefix of TS 38.211, in parts of an OFDM symbol
AT_ONCE = 256  # images; the rays of more would take memory and no less time


def sionna(name: str) -> Any:
    """`sionna.phy` with everything under it.

    Raises:
        ConfigError: Sionna cannot be imported, or is one of before PyTorch; says how to get it.
    """
    try:
        with untouched():
            phy = import_module("sionna.phy")
            import_module("sionna.phy.channel.tr38901")
            reason = "" if hasattr(phy.config, "torch_rng") else "the one installed is too old"
    except ImportError as error:
        reason = str(error)
    if reason:
        raise ConfigError(
            f"channel: {name!r} needs Sionna 2.2 or newer ({reason}); install it with "
            'pip install "semvet[phy]", or choose a channel that does without, '
            "such as 'rayleigh'"
        )
    return phy


@final
class Responses:
    """A source of H, with Sionna's objects made once per device.

    Args:
        make: Sionna's channel model on the device of that name, one transmit antenna. All images
            must have the same delays, as in every TDL and CDL model.
        subcarriers: how many, around the carrier.
        spacing_khz: between two of them.
    """

    def __init__(self, make: Callable[[str], Any], *, subcarriers: int, spacing_khz: float):
        self.make = make
        self.subcarriers, self.spacing = subcarriers, spacing_khz * 1e3
        self.models: dict[str, Any] = {}

    def draw(self, batch: int, instants: int, *, rng: Generator) -> Response:
        """(batch, receive antennas, instants, subcarriers); instants one OFDM symbol apart."""
        device = str(torch.empty(0, device=rng.device).device)  # with its number, as Sionna's keys
        if device not in self.models:
            self.models[device] = self.make(device)
        model, rate = self.models[device], self.spacing / (1 + PREFIX)
        phy = import_module("sionna.phy")
        starts = range(0, max(batch, 1), AT_ONCE)
        with (
            torch.no_grad(),
            torch.autocast(rng.device.type, enabled=False),
            lent(rng, to=phy.config.torch_rng(device)),
        ):
            paths = [model(min(AT_ONCE, batch - start), instants, rate) for start in starts]
            a, tau = torch.cat([a for a, _ in paths]), paths[0][1][:1]
            channel = phy.channel
            frequencies = channel.subcarrier_frequencies(
                self.subcarriers, self.spacing, precision="single", device=device
            )
            return channel.cir_to_ofdm_channel(frequencies, a, tau)[:, 0, :, 0, 0]


class OverOFDM(Channel):
    """What both models have in common: they differ in where H comes from.

    Attributes:
        ofdm: the resource grid and its receiver.
        responses: the source of H.
        moving: whether H changes from one OFDM symbol to the next.
    """

    lasting = ("h",)
    ofdm: OFDM
    responses: Responses
    moving: bool

    @property
    def pilots(self) -> int:
        """Channel uses that pilots take beside the k data symbols; 0 unless csi is "pilots"."""
        return self.ofdm.pilots

    def draw(self, batch: int, symbols: int, *, rng: Generator) -> Draws:
        instants = self.ofdm.length(symbols) if self.moving else 1
        h = self.responses.draw(batch, instants, rng=rng)
        return self.ofdm.draw(h, symbols, rng=rng)

    def draw_again(self, noise: Draws, symbols: int, *, rng: Generator) -> Draws:
        return self.ofdm.draw(noise["h"], symbols, rng=rng)

    def propagate(self, x: Symbols, noise: Draws, *, snr_db: Decibels) -> Received:
        return self.ofdm.propagate(x, noise, snr_db=snr_db)

    def equalize(self, y: Received, noise: Draws, *, snr_db: Decibels) -> Symbols:
        return self.ofdm.equalize(y, noise, snr_db=snr_db)

    def capacity(self, noise: Draws, *, snr_db: Decibels) -> PerImage:
        return self.ofdm.capacity(noise, snr_db=snr_db)
