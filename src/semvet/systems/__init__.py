"""Victim systems. To add one: write `systems/<name>.py`, then add a line here (or an entry point
`semvet.systems` in a package of your own)."""

from semvet.plugins import with_entry_points
from semvet.systems.base import OneShotSystem, System, Transmission
from semvet.systems.external import External
from semvet.systems.identity import Identity
from semvet.systems.jscc import JSCC
from semvet.systems.jscc_f import JSCCF
from semvet.systems.jscc_q import JSCCQ
from semvet.systems.scan import SCAN
from semvet.systems.semcc import SemCC
from semvet.systems.separate import Separate
from semvet.systems.transceiver.detector import Detector
from semvet.systems.transceiver.link import Link, Transceiver, taken

SYSTEMS: dict[str, type[System]] = with_entry_points(
    "semvet.systems",
    {
        "jscc": JSCC,
        "jscc-f": JSCCF,
        "jscc-q": JSCCQ,
        "scan": SCAN,
        "semcc": SemCC,
        "external": External,
        "identity": Identity,
        "separate": Separate,
    },
)
__all__ = [
    "JSCC",
    "JSCCF",
    "JSCCQ",
    "SCAN",
    "SYSTEMS",
    "Detector",
    "External",
    "Identity",
    "Link",
    "OneShotSystem",
    "SemCC",
    "Separate",
    "System",
    "Transceiver",
    "Transmission",
    "taken",
]
