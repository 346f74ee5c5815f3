"""`semvet show`, and what it refuses to show."""

import json
import pickle  # noqa: TID251 - the enemy
import re
from pathlib import Path

import pytest
import torch
from support import refused, semvet


@pytest.fixture
def weights(done):
    (path,) = (done / "store").glob("*/weights.safetensors")
    return path


@pytest.mark.parametrize("columns", ["60", "200"])
def test_show_prints_the_whole_run_however_narrow_the_terminal(weights, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    status, out, _ = semvet("show", "latest", "--full")
    assert status == 0
    assert "…" not in out
    for word in (weights.parent.name, "attacked system", "semantic-smoothing", "sigma=0.25"):
        assert word in out


@pytest.mark.parametrize("how", ["latest", "id", "name", "folder"])
def test_show_prints_json_of_the_run_it_was_asked_for(done, weights, how):
    name = weights.parent.name
    asked = {"latest": "latest", "id": name[-12:], "name": name, "folder": weights.parent}[how]
    status, out, _ = semvet("show", asked, "--json")
    assert status == 0
    assert json.loads(out) == json.loads((done / "stdout.json").read_text())


def test_show_of_an_unknown_run_names_those_that_there_are(done, weights):
    assert weights.parent.name in refused("show", "nonsense")


def test_show_refuses_weights_that_were_changed_after_the_run(weights):
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert re.search(
        r"weights\.safetensors: SHA-256 is .* changed or damaged", refused("show", "latest")
    )


class Bomb:
    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("save", ["pickle", "torch"])
def test_show_refuses_a_pickle_in_place_of_weights_unread(weights, tmp_path, save):
    bomb = Bomb(tmp_path / "marker")
    with weights.open("wb") as file:
        pickle.dump(bomb, file) if save == "pickle" else torch.save({"w": bomb}, file)
    assert "not safetensors but a pickle; it was not read" in refused("show", "latest")
    assert not bomb.marker.exists()


def test_show_names_a_truncated_result_and_the_way_out(weights):
    path = weights.with_name("metrics.json")
    path.write_bytes(path.read_bytes()[:100])
    err = refused("show", "latest")
    assert f"{path}: not as the run left it" in err
    assert "delete its folder and start the run again" in err


def test_show_of_an_unfinished_run_says_how_to_go_on(weights):
    for name in ("manifest.json", "metrics.json"):
        weights.with_name(name).unlink()
    err = refused("show", weights.parent.name)
    assert f"not finished; `semvet run {weights.with_name('config.yaml')}` goes on" in err
