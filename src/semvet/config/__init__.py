"""What a user asks for: a run as a document, its overrides, and errors in words."""

from semvet.config.overrides import override
from semvet.config.run import (
    NUMERICS,
    STRICT,
    Evaluation,
    PlugIn,
    Real,
    Record,
    Run,
    Spec,
    TargetImages,
    TrainingPlan,
    Whole,
    content_id,
    make_run,
    number,
)
from semvet.config.words import explain, nearest

__all__ = [
    "NUMERICS",
    "STRICT",
    "Evaluation",
    "PlugIn",
    "Real",
    "Record",
    "Run",
    "Spec",
    "TargetImages",
    "TrainingPlan",
    "Whole",
    "content_id",
    "explain",
    "make_run",
    "nearest",
    "number",
    "override",
]
