"""What result files say: frozen, typed, versioned. No torch, no files; the store reads and writes.

RunRecord          metrics.json             what one run found
CertificateRecord  certificates-<id>.json   what is certified of its smoothed pictures
TrainingRecord     trained/<id>/training.json   how a system was trained
PoisonRecord       poison.json              which images were poisoned
Manifest           manifest.json            the files of a finished run, and their hashes
"""

from semvet.records.base import LAYOUT, Mean, Rate, Record
from semvet.records.certificate import CertificateRecord, Certifying
from semvet.records.exhibits import (
    Bands,
    Column,
    Curves,
    Exhibit,
    Figure,
    ImageRow,
    ImageRows,
    Line,
    Mark,
    Matrix,
    Panel,
    Table,
)
from semvet.records.manifest import Manifest
from semvet.records.run import (
    AttackRecord,
    ClassifierFigures,
    DefenseRecord,
    DetectionLevel,
    DetectionRecord,
    GoalRecord,
    Judgement,
    JudgeRecord,
    Level,
    PointRecord,
    PoisonSummary,
    PrintedRule,
    Provenance,
    RunRecord,
    SpeedRecord,
    StudyRecord,
    SuspicionRecord,
    SystemFigures,
    SystemRecord,
    TriggerLevel,
    VoteCertificate,
    Words,
)
from semvet.records.standings import Cell, DefenseMatrix, DefenseRow, Standing
from semvet.records.training import (
    CheckpointRecord,
    ClassifierRecord,
    PoisonRecord,
    SplitTrainingRecord,
    TrainingRecord,
)

__all__ = [
    "LAYOUT",
    "AttackRecord",
    "Bands",
    "Cell",
    "CertificateRecord",
    "Certifying",
    "CheckpointRecord",
    "ClassifierFigures",
    "ClassifierRecord",
    "Column",
    "Curves",
    "DefenseMatrix",
    "DefenseRecord",
    "DefenseRow",
    "DetectionLevel",
    "DetectionRecord",
    "Exhibit",
    "Figure",
    "GoalRecord",
    "ImageRow",
    "ImageRows",
    "JudgeRecord",
    "Judgement",
    "Level",
    "Line",
    "Manifest",
    "Mark",
    "Matrix",
    "Mean",
    "Panel",
    "PointRecord",
    "PoisonRecord",
    "PoisonSummary",
    "PrintedRule",
    "Provenance",
    "Rate",
    "Record",
    "RunRecord",
    "SpeedRecord",
    "SplitTrainingRecord",
    "Standing",
    "StudyRecord",
    "SuspicionRecord",
    "SystemFigures",
    "SystemRecord",
    "Table",
    "TrainingRecord",
    "TriggerLevel",
    "VoteCertificate",
    "Words",
]
