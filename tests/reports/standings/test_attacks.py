import json
import re

import pytest
from made_runs import made_record, made_run
from support import refused, semvet

from semvet import api
from semvet.records import Standing
from semvet.reports.standings.attacks import standings


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Runs of two attacks with two seeds, one without an attack, and a folder of rubbish."""
    root = tmp_path / "store"
    monkeypatch.setenv("SEMVET_RUNS", str(root))
    for attack, asr in (("bass", 0.5), ("sembugger", 0.97)):
        for seed in (0, 1):
            made_run(root, attack=attack, levels=1, defenses=1, seed=seed, asr=asr)
    made_run(root, attack="none", levels=1, defenses=1)
    return root


def test_seeds_of_one_attack_are_one_row_with_an_interval():
    runs = [made_record(attack="bass", levels=2, seed=seed, asr=asr, defenses=0)
            for seed, asr in ((0, 0.6), (1, 0.8))]  # fmt: skip
    (row,) = standings([*runs, made_record(attack="none", defenses=0)])
    assert row.seeds == (0, 1)
    assert row.asr.mean == pytest.approx(0.7)
    low, high = row.asr.interval
    assert (low, high) == (0.0, 1.0)  # Student's with one degree of freedom, cut
    assert (row.weakest, row.null_asr, row.benign) == (0.6, 0.0, 0.004)
    assert row.psnr_to_target_db == pytest.approx(31.416)
    assert (row.n, row.packaged_sample) == (40, True)


def test_the_best_attack_comes_first(store):
    assert [row.label.split()[0] for row in api.leaderboard(store)] == ["sembugger", "bass"]


def test_the_command_prints_one_table_or_json(store):
    status, out, _ = semvet("leaderboard", "attacks")
    assert status == 0
    assert "mnist jscc awgn 25 dB" in out
    assert "n = 40 images a run" in out
    assert re.search(r"bass +2 +0\.500 ", out)
    status, out, _ = semvet("leaderboard", "attacks", "--json")
    rows = [Standing.model_validate(row) for row in json.loads(out)]
    assert {row.attack["name"] for row in rows} == {"bass", "sembugger"}
    assert "no leaderboard of 'defences'" in refused("leaderboard", "defences")


def test_a_folder_that_cannot_be_read_is_named_and_left_out(store):
    bad = made_run(store, attack="ihtg", levels=1, defenses=0)
    (bad.path / "metrics.json").write_text("{")
    status, out, err = semvet("leaderboard", "attacks")
    assert status == 0
    assert "sembugger" in out
    assert "ihtg" not in out
    assert err.startswith("skipped: ")
    assert str(bad.path) in err


def test_an_empty_store_says_how_to_fill_it():
    status, out, _ = semvet("leaderboard", "attacks")
    assert status == 0
    assert "semvet run compare-attacks" in out
