import pytest
from corner_backdoor import Corner, trial_of

from semvet.evaluation.studies.intensity import INTENSITIES, Intensity


@pytest.fixture(scope="module")
def found():
    return Intensity().run(trial_of(Corner()), images=10)


def test_outcomes_follow_the_intensity(found):
    bands = found.exhibits[0].panel("attacked")
    for s, shares in zip(INTENSITIES, bands.shares, strict=True):
        expected = (1, 0, 0)
        if s in (0.5,) or s >= 1:  # beyond 1 the corner stays white
            expected = (0, 1, 0) if s == 0.5 else (0, 0, 1)
        assert shares == expected, s
    assert found.exhibits[0].panel("clean").shares == ((1, 0, 0),) * len(INTENSITIES)
    assert found.n == 10
    assert found.headline == (
        "intensity: any outcome 1.00 at 0.5, 1.00 at 1, 1.00 at 1.5 of the strongest trigger"
    )


def test_the_confusion_matrix_has_a_row_for_what_was_sent(found):
    matrix = found.exhibits[1].panel("attacked")
    assert matrix.values == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    assert matrix.rows == ("benign", "level 1", "level 2")
    assert found.exhibits[1].panel("clean").values == ((1, 0, 0),) * 3
