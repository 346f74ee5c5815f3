"""What a training leaves behind, beside its weights: training.json and poison.json; and, while it
is under way, what is in its checkpoint beside the tensors."""

from typing import Literal

from pydantic import Field

from semvet.records.base import LAYOUT, Rate, Record
from semvet.records.run import Findings


class TrainingRecord(Record):
    """Losses are means of each epoch's looks. Peaks are floating-point operations a second."""

    layout: Literal[3] = LAYOUT
    kind: Literal["training"] = "training"
    steps: int = Field(ge=0)
    seconds: float = Field(ge=0)
    images_per_s: float = Field(ge=0)
    flop_per_step: float = Field(ge=0)
    precision: Literal["bf16", "fp32"]
    precision_reason: str
    conv_peak: float = Field(gt=0)
    gemm_peak: float = Field(gt=0)
    peak_memory_mib: float = Field(ge=0)
    history: tuple[dict[str, float], ...]


class CheckpointRecord(Record):
    """How far a training is. `key` names it; `looks` are those of the epoch under way."""

    layout: Literal[3] = LAYOUT
    kind: Literal["checkpoint"] = "checkpoint"
    key: str
    step: int = Field(ge=0)
    seconds: float = Field(ge=0)
    history: tuple[dict[str, float], ...]
    looks: tuple[dict[str, float], ...]


class PoisonRecord(Record):
    """Which images were poisoned, as positions in the original training set."""

    layout: Literal[3] = LAYOUT
    kind: Literal["poison"] = "poison"
    controls: tuple[str, ...]
    training_images: int
    count: int
    indices: tuple[int, ...]


class SplitTrainingRecord(Record):
    """Of U-shaped split training: what the defense that asked for it reports."""

    layout: Literal[3] = LAYOUT
    kind: Literal["split training"] = "split training"
    findings: Findings


class ClassifierRecord(Record):
    """`test`: accuracy on all test images; None where none has a class."""

    layout: Literal[3] = LAYOUT
    kind: Literal["classifier"] = "classifier"
    name: str
    epochs: int
    seed: int
    images: str  # hash of which images it was trained on
    data: str  # their fingerprint
    seconds: float
    loss: tuple[float, ...]  # of each epoch, the mean of its looks
    test: Rate | None
