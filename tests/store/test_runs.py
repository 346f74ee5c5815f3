import json
import os
import shutil
import signal
from datetime import UTC, datetime
from itertools import count

import numpy as np
import pytest
from made_runs import FINGERPRINT, made_record, sealed
from support import python

from semvet.errors import Missing, StoreError, WeightsError
from semvet.records import PoisonRecord, RunRecord
from semvet.store import RunFolder, Store, once


def recorded(seed: int) -> RunRecord:
    return made_record(
        attack="none", levels=1, defenses=0, seed=seed, training={"learning_rate": 3e-05},
        finished=f"2026-01-{1 + seed:02}T00:00:00Z",
    )  # fmt: skip


def begun(store: Store, seed: int) -> RunFolder:
    folder = RunFolder(store.root / recorded(seed).name)
    folder.path.mkdir(parents=True, exist_ok=True)
    return folder


def write(folder: RunFolder, seed: int) -> None:
    """All files of a run, in the order in which a run writes them."""
    poison = PoisonRecord(controls=(), training_images=9, count=1, indices=(seed,))
    folder.write_config(recorded(seed).config.document())
    folder.log("started")
    folder.write_poison(poison)
    folder.write_weights({"w": np.full(3, seed, np.float32)}, {"record": {"seed": seed}})
    folder.write_hardened(0, {"w": np.full(3, -seed, np.float32)}, {"record": {"seed": seed}})
    folder.write_evaluation({"sent": np.full(5, seed, np.float32)})
    folder.write_metrics(recorded(seed))
    sealed(folder, finished=recorded(seed).provenance.finished)
    folder.log("finished")


@pytest.fixture
def runs(tmp_path) -> list[RunFolder]:
    """Two finished runs, of seeds 0 and 1."""
    folders = [begun(Store(tmp_path / "store"), seed) for seed in (0, 1)]
    for seed, folder in enumerate(folders):
        write(folder, seed)
    return folders


def everything(folder: RunFolder) -> list[object]:
    """Whatever can be read of a run."""
    folder.check()
    arrays = (folder.weights(), folder.hardened(0), folder.evaluation())
    plain = [{name: array.tolist() for name, array in one.items()} for one in arrays]
    return [folder.config, folder.metrics, folder.record, *plain]


def test_a_finished_run_is_read_as_it_was_written(runs):
    for seed, folder in enumerate(runs):
        record = recorded(seed)
        config = record.config.document()
        w, s = [float(seed)] * 3, [float(seed)] * 5
        assert everything(folder) == [
            config, record.model_dump(mode="json"), record,
            {"w": w}, {"w": [-x for x in w]}, {"sent": s},
        ]  # fmt: skip
        manifest = folder.manifest
        assert (manifest.id, manifest.name) == (folder.id, "mnist-jscc-none")
        assert manifest.config == config
        assert manifest.finished == datetime(2026, 1, 1 + seed, tzinfo=UTC)
        assert set(manifest.files) == {
            "config.yaml", "metrics.json", "poison.json", "weights.safetensors", "weights.json",
            "hardened-0.safetensors", "hardened-0.json", "evaluation.safetensors",
            "evaluation.json",
        }  # fmt: skip


def test_a_run_is_read_by_a_relative_path_from_within_too(runs, monkeypatch):
    monkeypatch.chdir(runs[1].path)
    assert RunFolder(type(runs[1].path)(".")).metrics["provenance"]["seed"] == 1


def test_an_edited_configuration_is_refused(runs):
    path = runs[0].path / "config.yaml"
    path.write_text(path.read_text().replace("3.0e-05", "3.0e-04"))
    with pytest.raises(StoreError, match=r"config\.yaml: not as the run left it: its SHA-256"):
        _ = runs[0].config
    with pytest.raises(StoreError, match="delete its folder and start the run again"):
        runs[0].check()


def _forge(folder: RunFolder, **changes) -> None:
    path = folder.path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_configuration_that_was_edited_with_its_hash_is_refused(runs):
    """In config.yaml and the manifest's list, but not in what the id was made from."""
    folder, path = runs[0], runs[0].path / "config.yaml"
    path.write_text(path.read_text().replace("3.0e-05", "3.0e-04"))
    _forge(folder, files=folder.manifest.files | {"config.yaml": folder._digest("config.yaml")})
    with pytest.raises(StoreError, match=r"config\.yaml: not the configuration of the manifest"):
        _ = folder.config


@pytest.mark.parametrize(
    "changes",
    [{"config": {"seed": 7}}, {"fingerprint": "2f" * 8}, {"numerics": 1}, {"id": "0" * 12}],
)
def test_a_manifest_of_another_identity_is_refused(runs, changes):
    _forge(runs[0], **changes)
    with pytest.raises(StoreError, match=r"manifest\.json: (its configuration and data|of run)"):
        _ = runs[0].metrics


@pytest.mark.parametrize(
    "changes",
    [
        {"layout": 4},
        {"kind": "run"},
        {"more": 1},
        {"finished": "2026-13-45T00:00:00Z"},
        {"finished": "2026-01-01T00:00:00"},
        {"files": {"../other/metrics.json": "0" * 64}},
        {"files": {"metrics.json": "0"}},
        {"files": []},
        {"numerics": "x"},
        {"numerics": 10**30},
        {"config": None},
    ],
)
def test_a_manifest_that_is_not_one_is_refused(runs, changes):
    _forge(runs[0], **changes)
    with pytest.raises(Missing, match=r"manifest\.json: .*; delete its folder"):
        _ = runs[0].metrics


def test_metrics_of_another_run_are_refused(runs):
    shutil.copy(runs[1].path / "metrics.json", runs[0].path / "metrics.json")
    with pytest.raises(StoreError, match=r"metrics\.json: not as the run left it.*another run's"):
        _ = runs[0].metrics
    assert runs[1].metrics["provenance"]["seed"] == 1


def test_metrics_and_manifest_of_another_run_are_refused(runs):
    for name in ("metrics.json", "manifest.json", "config.yaml"):
        shutil.copy(runs[1].path / name, runs[0].path / name)
    message = rf"of run mnist-jscc-none-{runs[1].id}, but the folder is {runs[0].path.name}"
    with pytest.raises(StoreError, match=message):
        _ = runs[0].metrics


@pytest.mark.parametrize("stem", ["weights", "hardened-0", "evaluation"])
def test_arrays_of_another_run_are_refused_even_with_their_sidecar(runs, stem):
    for name in (f"{stem}.safetensors", f"{stem}.json"):
        shutil.copy(runs[1].path / name, runs[0].path / name)
    with pytest.raises(StoreError, match=rf"{stem}\.json: not as the run left it"):
        everything_but_check(runs[0])


def everything_but_check(folder: RunFolder) -> None:
    _ = folder.weights(), folder.hardened(0), folder.evaluation()


@pytest.mark.parametrize("name", ["other", "mnist-jscc-none-0123456789ab"])
def test_a_renamed_folder_is_refused_and_its_name_told(runs, name):
    moved = RunFolder(runs[0].path.rename(runs[0].path.with_name(name)))
    message = rf"of run mnist-jscc-none-{runs[0].id}, but the folder is {name}; give it that name"
    with pytest.raises(StoreError, match=message):
        _ = moved.metrics


def test_a_folder_may_lie_anywhere(runs, tmp_path):
    moved = RunFolder(runs[0].path.rename(tmp_path / runs[0].path.name))
    assert moved.metrics["provenance"]["seed"] == 0


def test_changed_weights_of_a_run_are_refused(runs):
    path = runs[0].path / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(WeightsError, match="changed or damaged"):
        runs[0].weights()
    assert runs[1].weights()["w"].tolist() == [1, 1, 1]


def test_a_hardened_system_that_is_not_there_names_those_that_are(runs):
    with pytest.raises(StoreError, match=r"hardened-3.*no such system; there: hardened-0"):
        runs[0].hardened(3)


def test_an_unfinished_run_says_how_to_go_on(runs):
    for name in ("manifest.json", "metrics.json"):
        (runs[0].path / name).unlink()
    assert not runs[0].finished
    assert runs[0].config["seed"] == 0
    with pytest.raises(Missing, match=r"not finished; `semvet run .*/config\.yaml` goes on"):
        _ = runs[0].metrics


def test_a_run_of_an_earlier_layout_says_how_to_make_it_again(runs):
    (runs[0].path / "manifest.json").unlink()
    message = r"written by an earlier semvet \(layout 2\).*again: `semvet run .*/config\.yaml`"
    with pytest.raises(Missing, match=message):
        _ = runs[0].metrics


def test_a_run_that_begins_anew_is_not_finished_any_more(runs):
    runs[0].write_config(recorded(0).config.document())
    assert not runs[0].finished
    with pytest.raises(Missing, match="not finished"):
        runs[0].weights()


def test_a_manifest_is_only_written_of_what_is_there_and_is_the_runs_own(runs):
    def again():
        runs[0].write_manifest(fingerprint=FINGERPRINT, finished=datetime.now(UTC))

    runs[0].write_config(recorded(5).config.document())
    with pytest.raises(Missing, match=r"metrics\.json: no such file"):
        again()
    runs[0].write_metrics(recorded(5))
    with pytest.raises(StoreError, match="its configuration and data are those of a run"):
        again()
    assert not runs[0].finished


def test_files_that_are_not_the_runs_do_not_belong_to_its_manifest(runs):
    for name in ("weights.bak", "hardened-x.json", "certificates-012.json", "notes.txt", "a b"):
        (runs[0].path / name).touch()
    before = runs[0].manifest
    runs[0].write_manifest(fingerprint=FINGERPRINT, finished=before.finished)
    assert runs[0].manifest == before


def test_a_disk_that_fills_up_leaves_finished_runs_alone(runs):
    root = runs[0].path.parent
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
    script = f"""
import resource
from pathlib import Path
import numpy as np
from semvet.errors import StoreError
from semvet.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
store = Store(Path({str(root)!r}))
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
    left = {p.name for p in (root / "mnist-jscc-none-fff000000000").iterdir()}
    assert left == {"config.yaml", "weights.json"}
    assert not Store(root).find("fff").finished


def _killed_at(call: int, folder: RunFolder) -> bool:
    """Writes the run in a process that dies at that call of fsync, chmod or replace, if any."""
    child = os.fork()
    if not child:
        calls = count()

        def deadly(step):
            def stepped(*arguments):
                if next(calls) == call:
                    os.kill(os.getpid(), signal.SIGKILL)
                return step(*arguments)

            return stepped

        for name in ("fsync", "chmod", "replace"):
            setattr(os, name, deadly(getattr(os, name)))
        once(folder.path, lambda: write(folder, 1), folder.check, wait=None)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0


def test_a_run_killed_in_any_write_is_made_whole_by_the_next_start(runs, tmp_path):
    for call in count():
        folder = begun(Store(tmp_path / f"killed-{call}"), 1)
        killed = _killed_at(call, folder)
        assert folder.finished == (not killed)
        once(folder.path, lambda folder=folder: write(folder, 1), folder.check, wait=None)
        assert everything(folder) == everything(runs[1])
        litter = [p.name for p in folder.path.iterdir() if p.name.startswith(".")]
        assert litter == []
        if not killed:
            break
    assert call == 3 * 10  # three for each file


def test_pictures_are_drawn_by_one_process_at_a_time_into_a_clean_folder(runs):
    pictures = runs[0].path / "pictures"
    pictures.mkdir()
    (pictures / ".trigger.png.x7.part").touch()
    (runs[0].path / ".report.html.x7.part").touch()
    with runs[0].drawing() as place:
        assert place == pictures
        assert list(place.iterdir()) == []
        with pytest.raises(StoreError, match=r"in use by process .* which is drawing there"):
            once(runs[0].path, lambda: None, _nothing, wait=None)
    assert not list(runs[0].path.glob(".*"))


def _nothing():
    raise Missing("nothing")
