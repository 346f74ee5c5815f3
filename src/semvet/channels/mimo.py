"""Several antennas: y = H x + n in each channel use, H drawn once per image.

    H = U S V^H is (r, t), entries CN(0, 1/t);   x is (t,);   n ~ CN(0, N0 I) is (r,)

    "svd"    sends V x, so y = U S x + n;      x_hat = S^-1 U^H y           (zero forcing)
    "mmse"   sends x, so y = U S V^H x + n;    x_hat = (H^H H + N0 I)^-1 H^H y
                                                     = V S (S^2 + N0 I)^-1 U^H y

The t antennas share the transmit power: entries of variance 1/t for unit-power symbols are the
same as entries CN(0, 1) for symbols of power 1/t, so the power per channel use is 1 and `snr_db`
the average Es/N0 at one receive antenna. V is unitary and costs no power.

Symbols j, j + t, j + 2t, ... of an image leave antenna (or, with "svd", stream) j; stream 0 is the
strongest. The last use is filled up with zeros. k symbols take k/t channel uses: bandwidth ratios
count symbols.

Deep fades: dividing by the smallest singular value of a square H amplifies the noise without
bound, so the mean square error of "svd" is infinite for r = t; compare medians over images, add a
receive antenna, or take "mmse", which is biased towards 0 and stays finite.

Paper: SemBugger Eq. (1), c' = H X + N.
Deviates: the papers name neither numbers of antennas nor a receiver; 2 x 2 with perfect channel
    knowledge at the receiver (with "svd" also at the transmitter) is our default.
"""

from math import ceil, sqrt
from typing import Annotated, Literal, final

import torch
from annotated_types import Ge, Le
from torch import Generator
from torch.nn.functional import pad

from semvet.channels.base import Channel
from semvet.errors import ConfigError
from semvet.randomness import complex_normal
from semvet.types import Draws, PerImage, Received, Symbols
from semvet.units import Decibels, noise_amplitude, noise_power

Antennas = Annotated[int, Ge(1), Le(16)]


@final
class MIMO(Channel):
    """t transmit and r receive antennas, flat block fading, perfect channel knowledge.

    Args:
        transmit_antennas: t.
        receive_antennas: r; "svd" needs r >= t.
        receiver: "svd" (precoding, then zero forcing) or "mmse" (transmitter knows nothing).

    Raises:
        ConfigError: "svd" with more transmit than receive antennas.
    """

    lasting = ("U", "S", "Vh")

    def __init__(
        self,
        *,
        transmit_antennas: Antennas = 2,
        receive_antennas: Antennas = 2,
        receiver: Literal["svd", "mmse"] = "svd",
    ):
        if receiver == "svd" and receive_antennas < transmit_antennas:
            raise ConfigError(
                f"channel: receiver 'svd' needs receive_antennas (now {receive_antennas}) of at "
                f"least transmit_antennas (now {transmit_antennas}), one singular value per "
                "stream; change one of them, or set channel.receiver to 'mmse'"
            )
        self.transmit_antennas, self.receive_antennas = transmit_antennas, receive_antennas
        self.receiver = receiver

    def draw(self, batch: int, symbols: int, *, rng: Generator) -> Draws:
        """H as its singular value decomposition, so that a training step only multiplies.

        With m = min(t, r): U (batch, r, m), S (batch, m), Vh (batch, m, t), n (batch, uses r), and
        "k" (batch, symbols, 0): no values, its shape tells the receiver where the padding starts.
        """
        t, r = self.transmit_antennas, self.receive_antennas
        H = complex_normal((batch, r, t), rng=rng) / sqrt(t)
        U, S, Vh = torch.linalg.svd(H, full_matrices=False)
        n = complex_normal((batch, ceil(symbols / t) * r), rng=rng)
        return {"U": U, "S": S, "Vh": Vh, "n": n, "k": n.new_empty(batch, symbols, 0)}

    def propagate(self, x: Symbols, noise: Draws, *, snr_db: Decibels) -> Received:
        """(batch, symbols) to (batch, uses r), the r antennas of one use side by side."""
        t = self.transmit_antennas
        x = pad(x, (0, -x.shape[1] % t)).unflatten(1, (-1, t))  # (batch, uses, t)
        US = noise["U"] * noise["S"][:, None]
        G = US if self.receiver == "svd" else US @ noise["Vh"]  # H V, or H
        return (x @ G.mT).flatten(1) + noise_amplitude(snr_db) * noise["n"]

    def equalize(self, y: Received, noise: Draws, *, snr_db: Decibels) -> Symbols:
        S = noise["S"][:, None]
        z = y.unflatten(1, (-1, self.receive_antennas)) @ noise["U"].conj()  # U^H y of each use
        if self.receiver == "svd":
            x_hat = z / S
        else:
            x_hat = (z * (S / (S * S + noise_power(snr_db)))) @ noise["Vh"].conj()
        return x_hat.flatten(1)[:, : noise["k"].shape[1]]

    def capacity(self, noise: Draws, *, snr_db: Decibels) -> PerImage:
        """The mean over the t symbols of one use: log2 det(I + H H^H / N0) / t."""
        streams = torch.log2(1 + noise["S"].square() / noise_power(snr_db))
        return streams.sum(dim=1) / self.transmit_antennas
