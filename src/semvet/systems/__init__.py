"""Victim systems. To add one: write `systems/<name>.py`, then add a line here."""

from semvet.plugins import with_entry_points
from semvet.systems.base import OneShotSystem, System, Transmission
from semvet.systems.jscc import JSCC
from semvet.systems.jscc_f import JSCCF
from semvet.systems.link import Link, TrainableLink

SYSTEMS: dict[str, type[System]] = with_entry_points(
    "semvet.systems", {"jscc": JSCC, "jscc-f": JSCCF}
)
__all__ = [
    "JSCC",
    "JSCCF",
    "SYSTEMS",
    "Link",
    "OneShotSystem",
    "System",
    "TrainableLink",
    "Transmission",
]
