"""Wireless channels. To add one: write `channels/<name>.py`, then add a line here (or an entry
point `semvet.channels` in a package of your own)."""

from semvet.channels.awgn import AWGN
from semvet.channels.base import Channel, OperatingPoint
from semvet.channels.cdl import CDL
from semvet.channels.mimo import MIMO
from semvet.channels.rayleigh import Rayleigh
from semvet.channels.rician import Rician
from semvet.channels.tdl import TDL
from semvet.plugins import with_entry_points

CHANNELS: dict[str, type[Channel]] = with_entry_points(
    "semvet.channels",
    {
        "awgn": AWGN,
        "rayleigh": Rayleigh,
        "rician": Rician,
        "mimo": MIMO,
        "tdl": TDL,
        "cdl": CDL,
    },
)
__all__ = [
    "AWGN",
    "CDL",
    "CHANNELS",
    "MIMO",
    "TDL",
    "Channel",
    "OperatingPoint",
    "Rayleigh",
    "Rician",
]
