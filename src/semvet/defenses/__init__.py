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
from semvet.defenses.jpeg import Jpeg
from semvet.defenses.low_pass import LowPass
from semvet.defenses.median_filter import MedianFilter
from semvet.defenses.noise_augmented_training import NoiseAugmentedTraining
from semvet.defenses.none import NoDefense
from semvet.defenses.pair_consistency import PairConsistency
from semvet.defenses.semantic_smoothing import SemanticSmoothing
from semvet.defenses.threshold import Threshold
from semvet.plugins import with_entry_points

DEFENSES: dict[str, type[Defense]] = with_entry_points(
    "semvet.defenses",
    {
        "none": NoDefense,
        "semantic-smoothing": SemanticSmoothing,
        "threshold": Threshold,
        "median-filter": MedianFilter,
        "low-pass": LowPass,
        "jpeg": Jpeg,
        "combined": Combined,
        "noise-augmented-training": NoiseAugmentedTraining,
        "pair-consistency": PairConsistency,
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
    "Jpeg",
    "LowPass",
    "MedianFilter",
    "NoDefense",
    "SemanticSmoothing",
    "Suspicion",
    "Threshold",
    "Training",
    "Vantage",
    "View",
]
