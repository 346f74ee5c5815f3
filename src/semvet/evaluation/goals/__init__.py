"""What adversaries may want, and when it counts as reached. To add one: write `goals/<name>.py`,
then add a line here (or an entry point `semvet.goals` in a package of your own)."""

from semvet.attacks import Attack
from semvet.config import nearest
from semvet.errors import ConfigError
from semvet.evaluation.goals.base import (
    MOST_CALIBRATION,
    Aim,
    Heard,
    Judge,
    JudgePlan,
    Judges,
    Scores,
    UnderTest,
)
from semvet.evaluation.goals.label import LabelAim
from semvet.evaluation.goals.removal import RemovalAim
from semvet.evaluation.goals.target import TargetAim
from semvet.plugins import with_entry_points

GOALS: dict[str, type[Aim]] = with_entry_points(
    "semvet.goals", {"target": TargetAim, "label": LabelAim, "removal": RemovalAim}
)


def aim_of(attack: Attack) -> Aim:
    """Raises ConfigError for an attack whose goal is not in the table."""
    if attack.goal not in GOALS:
        raise ConfigError(
            f"attack: {type(attack).__name__} wants {attack.goal!r}, which nobody can judge; "
            f"{nearest(attack.goal, GOALS)}"
        )
    return GOALS[attack.goal](attack)


__all__ = [
    "GOALS",
    "MOST_CALIBRATION",
    "Aim",
    "Heard",
    "Judge",
    "JudgePlan",
    "Judges",
    "Scores",
    "UnderTest",
    "aim_of",
]
