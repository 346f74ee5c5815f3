"""Tapped delay line of 3GPP TR 38.901 over OFDM, by Sionna (`semvet[phy]`).

    H(f) = sum_m a_m exp(-j 2 pi f tau_m),   sum_m E|a_m|^2 = 1,   tau_m = table(model) delay spread

Models A, B, C have no line of sight: every tap is a Rayleigh tap. D and E have one: the first tap
is Rician (K about 13 and 22 dB) with a random phase. Resource grid, pilots and receiver:
semvet/channels/ofdm.py. The subcarriers decorrelate over about 1 / (5 delay spread); with a delay
spread of 0 all of them share one gain, and model A is `rayleigh`.

Paper: 3GPP TR 38.901 clause 7.7.2; SemBugger Eq. (1), c' = H X + N.
Deviates: the papers name no such channel; 300 ns ("long"), 3.5 GHz, 72 subcarriers of 30 kHz and
    perfect channel knowledge are our defaults (D-019). Antennas of the receiver fade independently.
"""

from typing import Any, final

from semvet.channels.propagation.fading import Equalizer
from semvet.channels.propagation.ofdm import OFDM, Csi, PilotSpacing, ReceiveAntennas, Subcarriers
from semvet.channels.propagation.tr38901 import (
    Gigahertz,
    Kilohertz,
    MetersPerSecond,
    Model,
    Nanoseconds,
    OverOFDM,
    Responses,
    sionna,
)


@final
class TDL(OverOFDM):
    """Taps of fixed delays and random gains; one transmit antenna.

    Args:
        model: power delay profile of the standard.
        delay_spread_ns: its root mean square; 10 very short, 100 nominal, 1000 very long.
        carrier_ghz: carrier frequency; matters only where something moves.
        speed_m_s: 0, one fading state per image; above, the response changes from one OFDM symbol
            to the next by the Doppler effect, and pilots of the first one age.
        subcarriers: width of the grid; 72 are six resource blocks of 5G.
        spacing_khz: between subcarriers.
        receive_antennas: their fading is independent; `snr_db` is that of one antenna.
        csi: "perfect", the receiver knows H; "pilots", it estimates H; "none", it takes y as it is.
        equalizer: "mmse" (biased) or "zf" (unbiased, unbounded noise in deep fades).
        pilot_spacing: every how many-th subcarrier of the first OFDM symbol is a pilot.

    Attributes:
        pilots: channel uses that pilots take beside the k data symbols; 0 unless csi is "pilots".

    Raises:
        ConfigError: Sionna is missing, or csi "none" with several antennas.
    """

    def __init__(
        self,
        *,
        model: Model = "A",
        delay_spread_ns: Nanoseconds = 300.0,
        carrier_ghz: Gigahertz = 3.5,
        speed_m_s: MetersPerSecond = 0.0,
        subcarriers: Subcarriers = 72,
        spacing_khz: Kilohertz = 30.0,
        receive_antennas: ReceiveAntennas = 1,
        csi: Csi = "perfect",
        equalizer: Equalizer = "mmse",
        pilot_spacing: PilotSpacing = 4,
    ):
        self.ofdm = OFDM(subcarriers, receive_antennas, csi, equalizer, pilot_spacing)
        self.moving = speed_m_s > 0
        phy = sionna("tdl")

        def make(device: str) -> Any:
            return phy.channel.tr38901.TDL(
                model, delay_spread_ns * 1e-9, carrier_ghz * 1e9, min_speed=speed_m_s,
                num_rx_ant=receive_antennas, precision="single", device=device,
            )  # fmt: skip

        self.responses = Responses(make, subcarriers=subcarriers, spacing_khz=spacing_khz)
