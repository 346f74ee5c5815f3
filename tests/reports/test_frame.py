"""The tidy table: one row per run, level and defense."""

import sys

import pytest
from made_runs import made_record

from semvet.reports import frame as module
from semvet.reports.frame import frame, rows

COLUMNS = {
    "run", "seed", "data", "system", "channel", "snr_db", "attack", "level", "defense", "asr",
    "asr_low", "asr_high", "n", "benign", "benign_low", "benign_high", "psnr_db", "psnr_low",
    "psnr_high", "delta_psnr_db", "psnr_to_target_db", "ssim_to_target", "recovered_psnr_db",
    "clean_asr", "clean_psnr_db",
}  # fmt: skip


def test_a_row_for_every_run_level_and_defense():
    runs = [made_record(levels=2, defenses=2, seed=seed) for seed in (0, 1)]
    found = rows(runs)
    assert len(found) == 2 * 2 * (1 + 2)  # `none` is the full measurement, once
    assert set(found[0]) >= COLUMNS
    keys = {(row["run"], row["level"], row["defense"]) for row in found}
    assert len(keys) == len(found)


def test_values_are_those_of_the_record():
    record = made_record(levels=1, defenses=1)
    without, behind = rows([record])
    assert (without["defense"], without["n"], without["asr"]) == ("none", 40, 0.97)
    assert (without["delta_psnr_db"], without["psnr_db"]) == (1.111, 23.456)
    assert (without["clean_psnr_db"], without["clean_asr"]) == (24.567, 0.0)
    assert (behind["n"], behind["asr"], behind["recovered_psnr_db"]) == (20, 0.0, 18.642)
    assert behind["delta_psnr_db"] == pytest.approx(24.5 - 19.753)  # to clean and undefended
    assert (behind["benign_low"], behind["benign_high"]) == (0.7, 0.9)


def test_names_tell_apart_what_differs_among_all_runs():
    runs = [made_record(attack="bass", levels=levels, defenses=2) for levels in (1, 2)]
    found = rows(runs)
    assert {row["attack"] for row in found} == {"bass levels=1", "bass levels=2"}
    assert {row["defense"] for row in found} == {
        "none", "smooth sigma=0.05 clip=true", "smooth sigma=0.15 clip=false",
    }  # fmt: skip


def test_a_run_without_defenses_has_its_full_measurement():
    record = made_record(levels=3, defenses=0).model_copy(
        update={"defenses": (), "undefended": None}
    )
    assert [row["level"] for row in rows([record])] == [1, 2, 3]


def test_without_pandas_it_is_an_arrow_table(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    table = frame([made_record(levels=2, defenses=1)])
    assert type(table).__module__.startswith("pyarrow")
    assert (table.num_rows, set(table.column_names) >= COLUMNS) == (4, True)


def test_with_pandas_it_is_a_data_frame():
    pytest.importorskip("pandas")
    table = frame([made_record(levels=2, defenses=1)])
    assert isinstance(table, sys.modules["pandas"].DataFrame)
    assert set(table.columns) >= COLUMNS
