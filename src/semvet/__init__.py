"""semvet: vet semantic-communication systems for backdoors.

Names are imported on first use, so that `semvet --version` does not wait for torch. Nothing is
imported before that, not even `typing`: see `cli.start`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from semvet.api import certify, compare, defense_matrix, describe, frame, leaderboard, load, run
    from semvet.config import Run
    from semvet.errors import SemvetError
    from semvet.records import Certifying

__all__ = [
    "Certifying",
    "Run",
    "SemvetError",
    "certify",
    "compare",
    "defense_matrix",
    "describe",
    "frame",
    "leaderboard",
    "load",
    "run",
]
_HOMES = {
    "Certifying": "semvet.records",
    "Run": "semvet.config",
    "SemvetError": "semvet.errors",
    "certify": "semvet.api",
    "compare": "semvet.api",
    "defense_matrix": "semvet.api",
    "describe": "semvet.api",
    "frame": "semvet.api",
    "leaderboard": "semvet.api",
    "load": "semvet.api",
    "run": "semvet.api",
}


def __getattr__(name: str) -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module 'semvet' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
