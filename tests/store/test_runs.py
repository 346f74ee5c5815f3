import os
import signal
from pathlib import Path

import numpy as np
import pytest
from support import python

from semvet.errors import StoreError, WeightsError
from semvet.store import RunFolder, Store, default_store

IDS = {"mnist-jscc-none": "abc123000000", "mnist-jscc-bass": "abd456000000"}


@pytest.fixture
def store(tmp_path):
    """Two finished runs; the second one is the newer."""
    store = Store(tmp_path / "store")
    for age, (name, content_id) in enumerate(reversed(IDS.items())):
        folder = store.run(name, content_id)
        folder.write_config({"seed": 0})
        folder.write_weights({"w": np.ones(3, np.float32)}, {})
        folder.write_metrics({"id": content_id})
        os.utime(folder.path, (1e9 - age, 1e9 - age))
    return store


def _id(folder: RunFolder) -> str:
    return folder.metrics["id"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("abc123000000", "abc123000000"),
        ("abc", "abc123000000"),
        ("abd4", "abd456000000"),
        ("mnist-jscc-bass", "abd456000000"),
        ("mnist-jscc-none-abc123000000", "abc123000000"),
        ("latest", "abd456000000"),
    ],
)
def test_a_run_is_found_by_id_name_beginning_or_age(store, text, found):
    assert _id(store.find(text)) == found


def test_a_run_is_found_by_its_folder_wherever_it_is(store, tmp_path):
    moved = store.find("abc").path.rename(tmp_path / "moved")
    assert _id(store.find(str(moved))) == "abc123000000"


def test_an_exact_name_wins_over_a_beginning(store):
    store.find("abc").path.rename(store.root / "base")
    store.find("abd").path.rename(store.root / "base-2")
    assert _id(store.find("base")) == "abc123000000"


@pytest.mark.parametrize("text", ["mnist", "ab"])
def test_an_ambiguous_beginning_names_the_runs_that_it_could_be(store, text):
    message = r"is not unique in .*mnist-jscc-bass-abd456000000, mnist-jscc-none-abc123000000"
    with pytest.raises(StoreError, match=message):
        store.find(text)


@pytest.mark.parametrize("text", ["xyz", "", "bc1"])
def test_an_unknown_run_names_the_runs_that_there_are(store, text):
    with pytest.raises(StoreError, match=r"is no run in .*abd456000000.*abc123000000"):
        store.find(text)


@pytest.mark.parametrize("text", ["latest", "abc"])
def test_an_empty_store_says_how_to_fill_it(tmp_path, text):
    with pytest.raises(StoreError, match="no runs yet; `semvet run quickstart` makes one"):
        Store(tmp_path).find(text)


def test_runs_live_where_semvet_runs_says(runs, monkeypatch):
    assert default_store().root == runs
    monkeypatch.delenv("SEMVET_RUNS")
    assert default_store().root == Path("runs")


def test_a_truncated_result_is_named_and_other_runs_still_load(store):
    path = store.find("abc").path / "metrics.json"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(StoreError, match=rf"{path}: truncated .* delete its folder and start"):
        _ = store.find("abc").metrics
    assert _id(store.find("abd")) == "abd456000000"


def test_a_truncated_config_is_named(store):
    (store.find("abc").path / "config.yaml").write_text("{seed: 0")
    with pytest.raises(StoreError, match=r"config\.yaml: truncated or not YAML"):
        _ = store.find("abc").config


def test_an_unfinished_run_says_how_to_go_on(store):
    folder = store.find("abc")
    (folder.path / "metrics.json").unlink()
    with pytest.raises(StoreError, match=r"not finished; `semvet run .*/config\.yaml` goes on"):
        _ = folder.metrics


def test_changed_weights_of_a_run_are_refused(store):
    path = store.find("abc").path / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(WeightsError, match="changed or damaged"):
        store.find("abc").weights()
    assert store.find("abd").weights()["w"].tolist() == [1, 1, 1]


def test_a_disk_that_fills_up_leaves_finished_runs_alone(store):
    before = {p: p.read_bytes() for p in store.root.rglob("*") if p.is_file()}
    script = f"""
import resource
from pathlib import Path
import numpy as np
from semvet.errors import StoreError
from semvet.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
store = Store(Path({str(store.root)!r}))
folder = store.run("mnist-jscc-none", "fff000000000")
with store.lock(folder.path):
    folder.write_config({{"seed": 1}})
    try:
        folder.write_weights({{"w": np.ones(10**6)}}, {{}})
    except StoreError as error:
        print(error)
"""
    said = python("-c", script, check=True).stdout
    assert "weights.safetensors: the disk is full; finished runs are safe" in said
    assert {p: p.read_bytes() for p in before} == before
    left = {p.name for p in store.run("mnist-jscc-none", "fff000000000").path.iterdir()}
    assert left == {"config.yaml", "weights.json"}
    assert not store.find("fff").finished


def test_a_store_that_cannot_be_written_is_named_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "runs")
    message = r"cannot be written \(Not a directory\); .*set SEMVET_RUNS"
    with pytest.raises(StoreError, match=message), store.lock(store.trained("abc")):
        pass


def test_a_lock_is_free_after_an_error(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(ZeroDivisionError), store.lock(tmp_path / "abc"):
        raise ZeroDivisionError
    with store.lock(tmp_path / "abc"):
        pass


def test_what_a_killed_writer_leaves_is_removed_by_the_next_one(store):
    script = """
import os, signal, sys
from pathlib import Path
from semvet.store import Store
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
Store(Path(sys.argv[1])).find("abc").write_metrics({"id": "half"})
"""
    killed = python("-c", script, str(store.root))
    assert killed.returncode == -signal.SIGKILL
    folder = store.find("abc").path
    (litter,) = folder.glob(".metrics.json.*")
    assert _id(store.find("abc")) == "abc123000000"
    with store.lock(folder):
        assert not litter.exists()
    assert _id(store.find("abc")) == "abc123000000"
