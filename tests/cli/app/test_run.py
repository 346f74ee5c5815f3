"""`semvet run` on a folder of digits: what it prints, leaves, and finds again."""

import json

import pytest
import yaml
from support import semvet, tiny_run

from semvet.pipeline import execute as pipeline
from semvet.records import RunRecord
from semvet.store import RunFolder


def test_a_run_prints_its_metrics_as_json(finished):
    record = RunRecord.model_validate_json((finished / "stdout.json").read_text())
    assert len(record.systems.attacked.asr) == 2
    assert [defense.name for defense in record.defenses] == ["none", "semantic-smoothing"]
    (stored,) = (finished / "store").glob("*/metrics.json")
    assert RunRecord.model_validate_json(stored.read_text()) == record
    assert record.name == stored.parent.name


def test_a_run_leaves_a_folder_with_everything_in_it(finished):
    (config,) = (finished / "store").glob("*/config.yaml")
    names = {path.name for path in config.parent.iterdir()}
    assert names >= {
        "config.yaml", "metrics.json", "weights.safetensors", "weights.json", "poison.json",
        "pictures", "report.html", "log.jsonl", "manifest.json",
    }  # fmt: skip
    assert list((config.parent / "pictures").glob("*.png"))
    assert not list((finished / "store").rglob("*.pt"))


@pytest.mark.parametrize("attack", ["none", "bass", "sembugger"])
def test_a_run_prints_tables_and_where_its_report_is(folder, runs, tmp_path, monkeypatch, attack):
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(tiny_run(folder)))
    status, out, err = semvet(
        "run", tmp_path / "tiny.yaml", f"attack={attack}", "training.epochs=1", "seed=3"
    )
    assert status == 0, err
    assert "training the clean system" in err
    for word in ("clean system", "attacked system", "delta PSNR", "trigger SSIM", "every table"):
        assert word in out
    (report,) = runs.glob(f"image-folder-jscc-{attack}-*/report.html")
    assert f"report: {report}" in out


def test_a_finished_run_returns_at_once(done, monkeypatch):
    def must_not_start(*_, **__):
        raise AssertionError("trained or evaluated again")

    monkeypatch.setattr(pipeline, "preflight", must_not_start)
    monkeypatch.setattr(RunFolder, "write_metrics", must_not_start)
    status, out, _ = semvet("run", done / "tiny.yaml", "--json")
    assert status == 0
    assert json.loads(out) == json.loads((done / "stdout.json").read_text())
    (log,) = (done / "store").glob("*/log.jsonl")
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert events == ["started", "trained", "trained", "finished"]


def test_the_config_of_a_run_describes_the_same_run(done):
    (config,) = (done / "store").glob("*/config.yaml")
    assert semvet("run", config, "--json")[1] == (done / "stdout.json").read_text()
    assert len(list((done / "store").glob("*/config.yaml"))) == 1


def test_another_defense_uses_the_trained_systems_again(done):
    before = set((done / "store" / "trained").iterdir())
    status, _, err = semvet("run", done / "tiny.yaml", "defense=none")
    assert status == 0
    assert "training" not in err
    assert set((done / "store" / "trained").iterdir()) == before
    assert len(list((done / "store").glob("*/config.yaml"))) == 2


def test_trained_weights_that_were_changed_are_not_evaluated(done):
    for path in (done / "store" / "trained").glob("*/weights.safetensors"):
        path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    status, _, err = semvet("run", done / "tiny.yaml", "defense=none")
    assert status == 0
    assert "training the clean system" in err
    assert "training the system under sembugger" in err
