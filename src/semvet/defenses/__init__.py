"""Defenses. To add one: write `defenses/<name>.py`, then add a line here (or an entry point
`semvet.defenses` in a package of your own)."""

from semvet.defenses.activation_clustering import ActivationClustering
from semvet.defenses.anp import ANP
from semvet.defenses.base import (
    Certificate,
    Defended,
    Defense,
    Detection,
    Detector,
    IsHit,
    Retrainer,
    Suspicion,
    Vantage,
    View,
)
from semvet.defenses.combined import Combined
from semvet.defenses.denoiser import Denoiser
from semvet.defenses.fine_pruning import FinePruning
from semvet.defenses.fine_tuning import FineTuning
from semvet.defenses.jpeg import Jpeg
from semvet.defenses.low_pass import LowPass
from semvet.defenses.median_filter import MedianFilter
from semvet.defenses.median_pruning import MedianPruning
from semvet.defenses.noise_augmented_training import NoiseAugmentedTraining
from semvet.defenses.none import NoDefense
from semvet.defenses.output_covariance import OutputCovariance
from semvet.defenses.pair_consistency import PairConsistency
from semvet.defenses.self_loop import SelfLoop
from semvet.defenses.semantic_smoothing import SemanticSmoothing
from semvet.defenses.snr_consistency import SnrConsistency
from semvet.defenses.spectral_signatures import SpectralSignatures
from semvet.defenses.split_training import SplitTraining
from semvet.defenses.strip import Strip
from semvet.defenses.threshold import Threshold
from semvet.defenses.trigger_inversion import TriggerInversion
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
        "denoiser": Denoiser,
        "fine-tuning": FineTuning,
        "median-pruning": MedianPruning,
        "trigger-inversion": TriggerInversion,
        "fine-pruning": FinePruning,
        "anp": ANP,
        "combined": Combined,
        "noise-augmented-training": NoiseAugmentedTraining,
        "pair-consistency": PairConsistency,
        "split-training": SplitTraining,
        "activation-clustering": ActivationClustering,
        "output-covariance": OutputCovariance,
        "self-loop": SelfLoop,
        "snr-consistency": SnrConsistency,
        "spectral-signatures": SpectralSignatures,
        "strip": Strip,
    },
)
__all__ = [
    "ANP",
    "DEFENSES",
    "ActivationClustering",
    "Certificate",
    "Combined",
    "Defended",
    "Defense",
    "Denoiser",
    "Detection",
    "Detector",
    "FinePruning",
    "FineTuning",
    "IsHit",
    "Jpeg",
    "LowPass",
    "MedianFilter",
    "MedianPruning",
    "NoDefense",
    "OutputCovariance",
    "Retrainer",
    "SelfLoop",
    "SemanticSmoothing",
    "SnrConsistency",
    "SpectralSignatures",
    "SplitTraining",
    "Strip",
    "Suspicion",
    "Threshold",
    "Vantage",
    "View",
]
