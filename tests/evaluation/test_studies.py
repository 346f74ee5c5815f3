import pytest
from corner_backdoor import ByAir, Corner, Silent, trial_of

from semvet.evaluation.studies import STUDIES, run_studies


@pytest.mark.parametrize(
    ("attack", "wanted", "expected"),
    [
        (Corner, STUDIES, ["cropping", "intensity", "robustness"]),
        (Corner, ["intensity"], ["intensity"]),
        (Corner, [], []),
        (Silent, STUDIES, ["robustness"]),
        (ByAir, STUDIES, []),
    ],
)
def test_a_study_that_means_nothing_is_left_out(attack, wanted, expected):
    found = run_studies(trial_of(attack()), list(wanted), images=5)
    assert [one.name for one in found] == expected
