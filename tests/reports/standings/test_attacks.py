import json
import re

import pytest
from support import digits, refused, semvet, tiny_run, tiny_sembugger

from semvet import api
from semvet.reports.standings.attacks import standings


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Runs of two attacks with two seeds, and one without an attack, which has no standing."""
    root = tmp_path_factory.mktemp("compared")
    document = tiny_run(digits(root / "digits"), training={"epochs": 1, "batch": 32})
    document["evaluation"] |= {"studies": []}
    compare = {"attack": ["bass", tiny_sembugger()], "seed": [0, 1]}
    folders = api.compare(document | {"compare": compare}, runs=root / "runs")
    api.run(document | {"attack": "none"}, runs=root / "runs")
    api.run(document | {"attack": "bass"}, "defense=[]", "seed=1", runs=root / "runs")  # again
    return folders


def test_seeds_of_one_attack_are_one_row_with_an_interval(compared):
    rows = standings(compared)
    assert [len(row.seeds) for row in rows] == [2, 2]
    assert {row.attack["name"] for row in rows} == {"bass", "sembugger"}
    for row in rows:
        mine = [f.metrics for f in compared if f.config["attack"] == row.attack]
        asr = [m["attacked_system"]["asr_mean"] for m in mine]
        assert row.asr.mean == pytest.approx(sum(asr) / 2)
        delta = [m["attacked_system"]["delta_psnr_db"] for m in mine]
        low, high = row.delta_psnr_db.interval
        assert high - low == pytest.approx(12.706 * abs(delta[0] - delta[1]), rel=1e-3)  # Student
        assert row.weakest == min(min(m["attacked_system"]["asr"]) for m in mine)
        assert row.null_asr == max(max(m["clean_system"]["asr"]) for m in mine)
        assert row.n == 40
    assert rows == sorted(rows, key=lambda row: -round(row.asr.mean, 3))


def test_the_store_gives_the_same_rows_and_a_second_run_of_a_seed_counts_once(compared):
    root = compared[0].path.parent
    assert len(list(root.glob("*/metrics.json"))) == 6
    assert api.leaderboard(root) == standings(compared)


def test_the_command_prints_one_table_or_json(compared, monkeypatch):
    monkeypatch.setenv("SEMVET_RUNS", str(compared[0].path.parent))
    status, out, _ = semvet("leaderboard", "attacks")
    assert status == 0
    assert "image-folder jscc awgn 25 dB" in out
    assert "n = 40 images a run" in out
    assert re.search(r"bass +2 +0\.\d{3} ", out)
    status, out, _ = semvet("leaderboard", "attacks", "--json")
    assert {row["attack"]["name"] for row in json.loads(out)} == {"bass", "sembugger"}
    assert "no leaderboard of 'defences'" in refused("leaderboard", "defences")


def test_an_empty_store_says_how_to_fill_it():
    status, out, _ = semvet("leaderboard", "attacks")
    assert status == 0
    assert "semvet run compare-attacks" in out
