"""Defenses. To add one: write `defenses/<name>.py`, then add a line here (or an entry point
`semvet.defenses` in a package of your own)."""

from semvet.defenses.base import (
    Certificate,
    Defended,
    Defense,
    Detection,
    Detector,
    IsHit,
    Suspicion,
    Training,
    Vantage,
    View,
)
from semvet.defenses.combined import Combined
from semvet.defenses.none import NoDefense
from semvet.defenses.semantic_smoothing import SemanticSmoothing
from semvet.plugins import with_entry_points

DEFENSES: dict[str, type[Defense]] = with_entry_points(
    "semvet.defenses",
    {
        "none": NoDefense,
        "semantic-smoothing": SemanticSmoothing,
        "combined": Combined,
    },
)
__all__ = [
    "DEFENSES",
    "Certificate",
    "Combined",
    "Defended",
    "Defense",
    "Detection",
    "Detector",
    "IsHit",
    "NoDefense",
    "SemanticSmoothing",
    "Suspicion",
    "Training",
    "Vantage",
    "View",
]
