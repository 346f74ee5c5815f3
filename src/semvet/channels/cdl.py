"""Clustered delay line of 3GPP TR 38.901 over OFDM, by Sionna (`semvet[phy]`).

    H_a(f) = sum_m sum_r a_mr exp(j k(AoA_mr) . d_a) exp(-j 2 pi f tau_m)    20 rays r per cluster m

Rays have directions: the antennas d_a of the receiver see related channels, and motion shifts each
ray by its own angle. Models A, B, C have no line of sight; D and E have one, whose phase is the
same for every image. Resource grid, pilots and receiver: semvet/channels/ofdm.py. With one antenna
at rest it is much like `tdl`, which is drawn twenty times faster.

Paper: 3GPP TR 38.901 clause 7.7.1; SemBugger Eq. (1), c' = H X + N.
Deviates: the papers name no such channel; defaults as in `tdl`. Uplink, one antenna at the device,
    a row of them half a wavelength apart at the base station, all vertically polarized and
    omnidirectional, so that every H_a has unit mean power (D-019).
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
class CDL(OverOFDM):
    """Clusters of rays with angles and delays; one transmit antenna.

    Args:
        model: clusters of the standard.
        delay_spread_ns: its root mean square; 10 very short, 100 nominal, 1000 very long.
        carrier_ghz: carrier frequency; matters only where something moves.
        speed_m_s: 0, one fading state per image; above, the response changes from one OFDM symbol
            to the next by the Doppler effect, and pilots of the first one age.
        subcarriers: width of the grid; 72 are six resource blocks of 5G.
        spacing_khz: between subcarriers.
        receive_antennas: in a row; `snr_db` is that of one antenna.
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
        phy = sionna("cdl")

        def row(antennas: int, device: str) -> Any:
            return phy.channel.tr38901.PanelArray(
                num_rows_per_panel=1, num_cols_per_panel=antennas, polarization="single",
                polarization_type="V", antenna_pattern="omni", carrier_frequency=carrier_ghz * 1e9,
                precision="single", device=device,
            )  # fmt: skip

        def make(device: str) -> Any:
            return phy.channel.tr38901.CDL(
                model, delay_spread_ns * 1e-9, carrier_ghz * 1e9, row(1, device),
                row(receive_antennas, device), "uplink", min_speed=speed_m_s, max_speed=speed_m_s,
                precision="single", device=device,
            )  # fmt: skip

        self.responses = Responses(make, subcarriers=subcarriers, spacing_khz=spacing_khz)
