"""OFDM: a frequency-selective channel as one flat gain per resource element.

    y[a, l, f] = H[a, l, f] x[l, f] + n     antenna a, OFDM symbol l, subcarrier f; n ~ CN(0, N0)
    x_hat = sum_a G* y / sum_a |G|^2             "zf"
    x_hat = sum_a G* y / (sum_a |G|^2 + N0)      "mmse"; antennas are combined by maximum ratio
    x_hat = y                                    csi "none"

    G = H                                        csi "perfect"
    G = LS estimate, interpolated                csi "pilots", of spacing s:
        G[p] = y[p] / pilot = H[p] + sqrt(N0) w      on every s-th subcarrier of OFDM symbol 0
        G[p + i] = (1 - i/s) G[p] + i/s G[p + s]     between two pilots; beyond the last: its value

    noise["h"]: (batch, antennas, instants, subcarriers), entries of unit mean power; one instant
                if nothing moves, else one per OFDM symbol
    noise["n"]: (batch, antennas, k) and noise["pilots"]: (batch, antennas, pilots), unit power

The k symbols of an image fill the grid subcarrier by subcarrier, then OFDM symbol by OFDM symbol,
around the pilots (P); the rest of the last OFDM symbol is sent as zeros and not simulated:

    subcarrier     0  1  2  3  4  5  6  7        pilot_spacing 4, k = 15
    OFDM symbol 0  P  1  2  3  P  4  5  6
    OFDM symbol 1  7  8  9 10 11 12 13 14
    OFDM symbol 2 15  0  0  0  0  0  0  0

Pilots cost `OFDM.pilots` channel uses per image (and per round, where a system has several) on top
of k, which counts data symbols, as bandwidth ratios do. All have unit power, so `snr_db` is theirs.

Deviates: a cyclic prefix that covers every delay, and no interference between subcarriers; its
    share of time and power is not counted. "mmse" takes the estimate for the truth (D-019).
"""

from dataclasses import dataclass
from math import ceil
from typing import Annotated, Literal, final

import torch
from annotated_types import Ge, Le
from jaxtyping import Complex
from torch import Generator, Tensor

from semvet.channels.propagation.fading import Equalizer
from semvet.errors import ConfigError
from semvet.randomness import complex_normal
from semvet.types import Draws, PerImage, Received, Symbols
from semvet.units import Decibels, db_to_linear, noise_amplitude, noise_power

Csi = Literal["none", "perfect", "pilots"]
Subcarriers = Annotated[int, Ge(1), Le(4096)]
PilotSpacing = Annotated[int, Ge(1), Le(64)]
ReceiveAntennas = Annotated[int, Ge(1), Le(16)]
Response = Complex[Tensor, "batch antennas instants subcarriers"]


@final
@dataclass(frozen=True)
class OFDM:
    """The resource grid and its receiver, for whatever law of H.

    Raises:
        ConfigError: several antennas, and a receiver that does not know how to combine them.
    """

    subcarriers: int
    receive_antennas: int
    csi: Csi
    equalizer: Equalizer
    pilot_spacing: int

    def __post_init__(self) -> None:
        if self.csi == "none" and self.receive_antennas > 1:
            raise ConfigError(
                "channel.csi: 'none' leaves the receiver no way to combine its "
                f"{self.receive_antennas} antennas; set channel.receive_antennas to 1, or "
                "channel.csi to 'perfect' or 'pilots'"
            )

    @property
    def pilots(self) -> int:
        """Resource elements spent on pilots in each use of the channel."""
        return ceil(self.subcarriers / self.pilot_spacing) if self.csi == "pilots" else 0

    def length(self, symbols: int) -> int:
        """OFDM symbols that `symbols` data symbols and the pilots take."""
        return max(1, ceil((symbols + self.pilots) / self.subcarriers))

    def draw(self, h: Response, symbols: int, *, rng: Generator) -> Draws:
        """`h` together with the noise of one use."""
        batch, antennas = h.shape[:2]
        noise = {"h": h, "n": complex_normal((batch, antennas, symbols), rng=rng)}
        if self.pilots:
            noise["pilots"] = complex_normal((batch, antennas, self.pilots), rng=rng)
        return noise

    def propagate(self, x: Symbols, noise: Draws, *, snr_db: Decibels) -> Received:
        """(batch, k) to (batch, antennas k), data elements only, antenna after antenna."""
        H = self._of_data(noise["h"], x.shape[1])
        return (H * x[:, None] + noise_amplitude(snr_db) * noise["n"]).flatten(1)

    def equalize(self, y: Received, noise: Draws, *, snr_db: Decibels) -> Symbols:
        if self.csi == "none":
            return y
        G = noise["h"] if self.csi == "perfect" else self.estimate(noise, snr_db=snr_db)
        G = self._of_data(G, noise["n"].shape[2])
        matched = (G.conj() * y.unflatten(1, (self.receive_antennas, -1))).sum(dim=1)
        gain = G.abs().square().sum(dim=1)
        return matched / (gain if self.equalizer == "zf" else gain + noise_power(snr_db))

    def estimate(self, noise: Draws, *, snr_db: Decibels) -> Response:
        """What the pilots tell of H, as a single instant: (batch, antennas, 1, subcarriers)."""
        s = self.pilot_spacing
        G = noise["h"][:, :, 0, ::s] + noise_amplitude(snr_db) * noise["pilots"]
        f = torch.arange(self.subcarriers, device=G.device)
        below, share = f // s, (f % s) / s
        above = (below + 1).clamp(max=self.pilots - 1)
        return ((1 - share) * G[..., below] + share * G[..., above])[:, :, None]

    def capacity(self, noise: Draws, *, snr_db: Decibels) -> PerImage:
        """Mean over the data elements of log2(1 + sum_a |H|^2 / N0); csi "none": log2(1 + 1/N0)."""
        gain = self._of_data(noise["h"], noise["n"].shape[2]).abs().square().sum(dim=1)
        known = gain if self.csi != "none" else 1 + 0 * gain
        return torch.log2(1 + known * db_to_linear(snr_db)).mean(dim=1)

    def _of_data(self, h: Response, symbols: int) -> Complex[Tensor, "batch antennas symbols"]:
        """H where the data symbols are sent. A response of fewer instants keeps its last one."""
        j = torch.arange(symbols, device=h.device)  # as an index into the grid, row by row
        if self.pilots:
            gap = max(self.pilot_spacing - 1, 1)
            beside = j // gap * self.pilot_spacing + j % gap + 1
            j = torch.where(j < self.subcarriers - self.pilots, beside, j + self.pilots)
        instant = (j // self.subcarriers).clamp(max=h.shape[2] - 1)
        return h[:, :, instant, j % self.subcarriers]
