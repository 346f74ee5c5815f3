"""Studies of a trained backdoor: how much of it is needed, and what it survives. To add one: write
`studies/<name>.py`, then add a line here (or an entry point `semvet.studies` in a package of your
own)."""

from collections.abc import Sequence

from semvet.evaluation.measured import Trial
from semvet.evaluation.studies.base import Study
from semvet.evaluation.studies.cropping import Cropping
from semvet.evaluation.studies.intensity import Intensity
from semvet.evaluation.studies.robustness import Robustness
from semvet.plugins import with_entry_points
from semvet.records import StudyRecord

STUDIES: dict[str, type[Study]] = with_entry_points(
    "semvet.studies",
    {"cropping": Cropping, "intensity": Intensity, "robustness": Robustness},
)


def run_studies(trial: Trial, wanted: Sequence[str], *, images: int) -> tuple[StudyRecord, ...]:
    """In the table's order; those that mean nothing for this attack are left out."""
    studies = [study() for name, study in STUDIES.items() if name in wanted]
    return tuple(one.run(trial, images=images) for one in studies if one.means_something(trial))


__all__ = ["STUDIES", "Study", "run_studies"]
