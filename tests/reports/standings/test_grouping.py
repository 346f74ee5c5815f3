"""Runs are merged only if they differ in nothing but the seed."""

import pytest
from made_runs import made_record

from semvet.reports.standings.attacks import standings
from semvet.reports.standings.defenses import matrices

JSCC = {"name": "jscc", "bandwidth_ratio": 0.125}
OTHER = {
    "width": {"system": {**JSCC, "width": 32}},
    "ratio": {"system": {**JSCC, "bandwidth_ratio": 0.25}},
    "argument of the channel": {"channel": {"name": "rician", "k_factor_db": 3.0}},
    "recipe": {"training": {"epochs": 5}},
    "targets": {"targets": {"fit": True}},
    "judge": {"evaluation": {"judge": "mu-plus-3-sigma", "images": 40, "defended_images": 20}},
    "images": {"evaluation": {"images": 39, "defended_images": 20}},
}


def with_provenance(record, **changes):
    provenance = record.provenance.model_copy(update=changes)
    return record.model_copy(update={"provenance": provenance, "id": f"{record.id[:-1]}x"})


def nominal(**changes):
    rician = {"channel": {"name": "rician", "k_factor_db": 6.0}}
    return made_record(levels=1, defenses=1, **(rician | changes))


BY_PROVENANCE = {
    "numerics": {"numerics": 99},
    "packaged sample": {"packaged_sample": False},
    "pixels": {"data_fingerprint": "2e" * 8},
}


PAIRS = [
    *(pytest.param(nominal(), nominal(**changes), id=name) for name, changes in OTHER.items()),
    *(
        pytest.param(nominal(), with_provenance(nominal(), **changes), id=name)
        for name, changes in BY_PROVENANCE.items()
    ),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_runs_that_differ_in_anything_are_two_settings_with_two_names(one, other):
    rows = standings([one, other])
    assert [row.seeds for row in rows] == [(3,), (3,)]
    assert len({row.setting for row in rows}) == 2
    found = matrices([one, other])
    assert len({matrix.setting for matrix in found}) == 2
    for matrix in found:
        assert [cell.seeds for row in matrix.rows for cell in row.cells] == [(3,), (3,)]


def test_a_setting_says_only_what_tells_it_from_the_others():
    names = [row.setting for row in standings([nominal(), nominal(**OTHER["width"])])]
    assert sorted(names) == [
        "mnist jscc rician 25 dB system.width=32",
        "mnist jscc rician 25 dB system.width=none",
    ]
    (alone,) = standings([nominal()])
    assert alone.setting == "mnist jscc rician 25 dB"


def test_cells_of_other_numbers_of_defended_images_are_not_merged():
    evaluation = {"images": 40, "defended_images": 19}
    runs = [nominal(), nominal(evaluation=evaluation, seed=4)]
    assert [row.seeds for row in standings(runs)] == [(3, 4)]
    assert len(matrices(runs)) == 2


def test_three_seeds_are_one_row_and_one_cell_of_three():
    runs = [nominal(seed=seed) for seed in (2, 0, 1)]
    (row,) = standings(runs)
    assert row.seeds == (0, 1, 2)
    (matrix,) = matrices(runs)
    assert [cell.seeds for one in matrix.rows for cell in one.cells] == [(0, 1, 2)] * 2


def better(record, asr):
    attacked = record.systems.attacked
    levels = tuple(
        level.model_copy(update={"asr": level.asr.model_copy(update={"value": asr})})
        for level in attacked.levels
    )
    systems = type(record.systems)(
        clean=record.systems.clean, attacked=attacked.model_copy(update={"levels": levels})
    )
    return record.model_copy(update={"systems": systems})


def test_a_seed_that_was_run_twice_counts_once_as_the_newest_run_has_it():
    defenses = {"defense": [{"name": "none"}]}
    old = better(nominal(finished="2026-01-01T00:00:00Z"), 0.5)
    new = better(nominal(finished="2026-01-02T00:00:00Z", **defenses), 0.75)
    for runs in ([old, new], [new, old]):
        (row,) = standings(runs)
        assert (row.seeds, row.asr.mean) == ((3,), 0.75)


def test_a_copy_of_a_run_is_the_same_run():
    (row,) = standings([nominal(), nominal()])
    assert row.seeds == (3,)


def test_attacks_that_differ_in_an_argument_of_their_base_have_columns_of_their_own():
    def aware(levels):
        run = nominal(attack="aware")
        inner = {"base": {"name": "bass", "levels": levels}, "levels": 1}
        attack = run.config.attack.model_copy(update=inner)
        config = run.config.model_copy(update={"attack": attack})
        return run.model_copy(update={"config": config, "id": f"{levels:012x}"})

    (matrix,) = matrices([aware(1), aware(2)])
    assert len(set(matrix.attacks)) == 2
