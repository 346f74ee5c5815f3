"""What a user asks for: a run as a document, its overrides, and errors in words."""

from semvet.config.annotations import Real, Truth, Whole, number, readable
from semvet.config.overrides import override
from semvet.config.reading import Document, read_document, read_file
from semvet.config.run import (
    NUMERICS,
    STRICT,
    Evaluation,
    PlugIn,
    Record,
    Run,
    Spec,
    TargetImages,
    TrainingPlan,
    content_id,
    make_run,
)
from semvet.config.words import allowed, explain, nearest
from semvet.config.writing import written

__all__ = [
    "NUMERICS",
    "STRICT",
    "Document",
    "Evaluation",
    "PlugIn",
    "Real",
    "Record",
    "Run",
    "Spec",
    "TargetImages",
    "TrainingPlan",
    "Truth",
    "Whole",
    "allowed",
    "content_id",
    "explain",
    "make_run",
    "nearest",
    "number",
    "override",
    "read_document",
    "read_file",
    "readable",
    "written",
]
