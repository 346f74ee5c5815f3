"""Plug-ins by name: typed arguments, checked runs, objects.

    TABLES --arguments--> typed models --resolve--> a run with every default explicit
                                       --building--> objects

Importing it imports every plug-in, and torch with them.
"""

from semvet.catalog.arguments import arguments
from semvet.catalog.building import (
    make_attack,
    make_channel,
    make_defense,
    make_source,
    make_system,
)
from semvet.catalog.describe import described, described_one
from semvet.catalog.resolve import null_control, resolve
from semvet.catalog.tables import TABLES

__all__ = [
    "TABLES",
    "arguments",
    "described",
    "described_one",
    "make_attack",
    "make_channel",
    "make_defense",
    "make_source",
    "make_system",
    "null_control",
    "resolve",
]
