"""Victim systems. To add one: write `systems/<name>.py`, then add a line here."""

from semvet.plugins import with_entry_points
from semvet.systems.base import System
from semvet.systems.jscc import JSCC
from semvet.systems.link import Link, OneShotLink, TrainableLink, Transmission

SYSTEMS: dict[str, type[System]] = with_entry_points("semvet.systems", {"jscc": JSCC})
__all__ = ["JSCC", "SYSTEMS", "Link", "OneShotLink", "System", "TrainableLink", "Transmission"]
