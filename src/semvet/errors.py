"""Errors that a user can cause. Each names the thing, what is allowed, and the way out.

The command line prints their text without a traceback; everything else is a bug and keeps its own.
"""


class SemvetError(Exception):
    """Base of every error whose text is meant for the user."""


class ConfigError(SemvetError):
    """A key or value of a run that cannot mean anything."""


class DataError(SemvetError):
    """Images, labels or folders that cannot be used as they are."""


class StoreError(SemvetError):
    """A result file that cannot be written, read or trusted."""


class Missing(StoreError):  # noqa: N818 - a state that callers wait for, not a failure
    """Nothing is there, or something half-made or damaged: whoever needs it may make it."""


class WeightsError(StoreError):
    """Weights that are not safetensors, were changed, or do not fit the system."""


class TrainingError(SemvetError):
    """A training that diverged or collapsed to a constant output."""


class DefenseError(SemvetError):
    """A defense or certificate asked for something that it cannot give."""
