import pytest

from semvet.config.compare import expand
from semvet.errors import ConfigError

DOCUMENT = {
    "snr_db": 25,
    "compare": {"attack": ["bass", {"name": "sembugger", "levels": 2}], "seed": [0, 1, 2]},
}


def found(*assignments):
    return [(run["attack"], run["seed"]) for run in expand(DOCUMENT, assignments)]


def test_every_combination_is_one_run_and_compare_is_no_part_of_it():
    runs = expand(DOCUMENT, ["snr_db=5", "system.width=8"])
    assert len(runs) == 6
    assert all("compare" not in run and run["snr_db"] == 5 for run in runs)
    assert all(run["system"] == {"name": "jscc", "width": 8} for run in runs)
    assert [run["seed"] for run in runs] == [0, 1, 2, 0, 1, 2]
    assert runs[3]["attack"] == {"name": "sembugger", "levels": 2}


def test_an_assignment_to_a_compared_key_replaces_its_list():
    assert found("seed=7") == [("bass", 7), ({"name": "sembugger", "levels": 2}, 7)]
    assert found("attack=[ihtg]", "seed=[3,4]") == [("ihtg", 3), ("ihtg", 4)]


def test_a_document_without_compare_is_one_run():
    assert expand({"snr_db": 25}, ["snr_db=5"]) == [{"snr_db": 5}]


def test_an_argument_of_a_compared_plug_in_says_where_it_belongs():
    with pytest.raises(ConfigError, match=r"attack\.side: attack is compared; .*name: bass, side"):
        found("attack.side=5")


def test_combinations_are_counted_before_any_is_made():
    many = {"seed": list(range(1000)), "snr_db": list(range(1000)), "attack": ["bass"] * 1000}
    problem = (
        r"^compare: 1,000 seed x 1,000 snr_db x 1,000 attack are 1,000,000,000 runs; allowed: "
    )
    with pytest.raises(ConfigError, match=problem):
        expand({"compare": many})
    with pytest.raises(ConfigError, match="10,001 seed are 10,001 runs"):
        expand({"compare": {"seed": list(range(10_001))}})
    assert len(expand({"compare": {"seed": list(range(10_000))}})) == 10_000


def test_an_assignment_cannot_leave_a_list_empty():
    with pytest.raises(
        ConfigError, match=r"^compare\.seed: \[\] is not allowed; allowed: a list with"
    ):
        found("seed=[]")


@pytest.mark.parametrize("compare", [["seed"], {"seed": 3}, {"seed": []}, {"attack.side": [3]}])
def test_what_is_no_list_of_values_is_refused(compare):
    with pytest.raises(ConfigError, match="compare"):
        expand({"compare": compare})
