import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_runs import FINGERPRINT, made_record, sealed
from support import SOURCE, python

from semvet.config import content_id
from semvet.errors import StoreError
from semvet.store import RunFolder, Store, default_store


def made(root: Path, attack: str, seed: int, *, day: int = 0, finished: bool = True) -> RunFolder:
    when = f"2026-01-{day:02}T00:00:00Z"
    record = made_record(attack=attack, levels=1, defenses=0, seed=seed, finished=when)
    folder = RunFolder(root / record.name)
    folder.path.mkdir(parents=True)
    folder.write_config(record.config.document())
    if finished:
        folder.write_metrics(record)
        sealed(folder, finished=when)
    return folder


@pytest.fixture
def store(tmp_path) -> Store:
    """Two finished runs, the second one finished earlier, and one under way."""
    store = Store(tmp_path / "store")
    made(store.root, "none", 0, day=9)
    made(store.root, "bass", 1, day=3)
    made(store.root, "csba", 2, finished=False)
    return store


def ids(store: Store) -> list[str]:
    """Of the three."""
    return [store.find(f"mnist-jscc-{name}").id for name in ("none", "bass", "csba")]


def test_runs_are_listed_as_they_finished_whatever_was_touched_since(store):
    first, second, third = (store.find(one) for one in ids(store))
    os.utime(second.path, (4e9, 4e9))
    os.utime(third.path, (5e9, 5e9))
    with store.lock(second.path):  # as a report or a certificate does
        pass
    assert list(store.runs()) == [first, second, third]
    assert store.runs().finished == (first, second)
    assert store.find("latest") == first


def test_a_run_is_found_by_id_name_or_beginning(store):
    for seed, name in enumerate(("none", "bass", "csba")):
        content_id, folder = ids(store)[seed], store.root / f"mnist-jscc-{name}-{ids(store)[seed]}"
        for text in (content_id, content_id[:6], f"mnist-jscc-{name}", folder.name, str(folder)):
            assert store.find(text).path == folder


def test_a_run_is_found_by_its_folder_wherever_it_is(store, tmp_path):
    run = store.find("mnist-jscc-none")
    moved = run.path.rename(tmp_path / run.path.name)
    assert store.find(str(moved)).record.provenance.seed == 0


def test_an_exact_name_wins_over_a_beginning(store):
    store.find("mnist-jscc-none").path.rename(store.root / "base")
    store.find("mnist-jscc-bass").path.rename(store.root / "base-2")
    assert store.find("base").path == store.root / "base"


def test_an_ambiguous_beginning_names_the_runs_that_it_could_be(store):
    message = r"is not unique in .*mnist-jscc-bass-\w{12}, mnist-jscc-csba-.*mnist-jscc-none-"
    with pytest.raises(StoreError, match=message):
        store.find("mnist")


@pytest.mark.parametrize("text", ["xyz", "", "bc1", "\0", "x" * 5000, "a/b"])
def test_an_unknown_run_names_the_runs_that_there_are(store, text, monkeypatch):
    monkeypatch.chdir(store.find("mnist-jscc-none").path)  # no text is not the current folder
    with pytest.raises(StoreError, match=r"is no run in .*mnist-jscc-bass-.*mnist-jscc-none-"):
        store.find(text)


@pytest.mark.parametrize("text", ["latest", "abc"])
def test_an_empty_store_says_how_to_fill_it(tmp_path, text):
    for root in (tmp_path, tmp_path / "not there"):
        assert len(Store(root).runs()) == 0
        with pytest.raises(StoreError, match="no runs yet; `semvet run quickstart` makes one"):
            Store(root).find(text)


def test_where_no_run_is_finished_there_is_no_latest(tmp_path):
    store = Store(tmp_path)
    made(tmp_path, "none", 0, finished=False)
    with pytest.raises(StoreError, match="'latest' is no run"):
        store.find("latest")


def test_runs_live_where_semvet_runs_says(runs, monkeypatch):
    assert default_store().root == runs
    monkeypatch.delenv("SEMVET_RUNS")
    assert default_store().root == Path("runs")


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


def _spoil(folder: RunFolder, how: str) -> None:
    path = folder.path / "manifest.json"
    match how:
        case "truncated":
            path.write_bytes(path.read_bytes()[:40])
        case "a pipe":
            path.unlink()
            os.mkfifo(path)
        case "a folder":
            path.unlink()
            path.mkdir()
        case "endless":
            path.unlink()
            path.symlink_to("/dev/zero")
        case "deep":
            path.write_text("[" * 20_000)
        case "of no date":
            path.write_text(json.dumps(json.loads(path.read_text()) | {"finished": "2026-02-30"}))
        case "of layout 2":
            path.unlink()
        case "of another name":
            folder.path.rename(folder.path.with_name("mnist-jscc-bass"))
        case "unreadable":
            path.unlink()
            path.symlink_to("manifest.json")


SPOILED = (
    "truncated", "a pipe", "a folder", "endless", "deep", "of no date", "of layout 2",
    "of another name", "unreadable",
)  # fmt: skip


@pytest.mark.parametrize("how", SPOILED)
def test_one_bad_folder_is_reported_and_never_hides_the_others(store, how):
    good, bad, begun = (store.find(one) for one in ids(store))
    _spoil(bad, how)
    listing = store.runs()
    assert (listing.finished, listing.unfinished) == ((good,), (begun,))
    (skipped,) = listing.skipped
    assert skipped.path.name.startswith("mnist-jscc-bass")
    assert str(skipped.path) in skipped.why
    assert store.find("latest") == good


def test_what_is_no_run_is_not_listed(store):
    for name in (".hidden", "trained", "notes"):
        (store.root / name).mkdir()
    shutil.copy(store.find("mnist-jscc-none").path / "config.yaml", store.root / "trained")
    shutil.copy(store.find("mnist-jscc-none").path / "config.yaml", store.root / ".hidden")
    (store.root / "config.yaml").touch()
    assert len(store.runs()) == 3
    assert store.runs().skipped == ()


def test_eight_hundred_runs_are_listed_within_a_second_and_flat_memory(tmp_path):
    first = made(tmp_path, "none", 0, day=1)
    pattern = first.manifest
    for seed in range(1, 800):  # others of the same figures
        another = pattern.config | {"seed": seed}
        folder = Store(tmp_path).run(pattern.name, content_id(another, FINGERPRINT))
        folder.path.mkdir()
        for name in ("config.yaml", "metrics.json"):
            os.link(first.path / name, folder.path / name)
        changed = pattern.model_copy(update={"id": folder.id, "config": another})
        (folder.path / "manifest.json").write_text(changed.model_dump_json(indent=2))
    script = """
import resource, sys, time
from pathlib import Path
from semvet.store import Store
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
found = Store(Path(sys.argv[1])).runs()
seconds = time.process_time() - began
print(len(found.finished), seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    found, seconds, kilobytes = python("-c", script, str(tmp_path), check=True).stdout.split()
    assert int(found) == 800
    assert float(seconds) < 1
    assert int(kilobytes) < 20_000


MAKER = """
import sys, time
from pathlib import Path
from semvet.errors import StoreError
from semvet.store import Store, once, read_json, write_json

store = Store(Path(sys.argv[1]))
folder = store.trained("abc")

def make():
    for i in range(int(sys.argv[2])):
        print("step", flush=True)
        write_json(folder / "checkpoint.json", {"step": i})
        time.sleep(0.02)
    write_json(folder / "made.json", {"made": True})

try:
    print(once(folder, make, lambda: read_json(folder / "made.json"), wait=print))
except StoreError as error:
    print(error)
    sys.exit(2)
"""


@pytest.fixture
def maker(tmp_path):
    """A process that makes something in the store, stopped after its first step."""
    command = [sys.executable, "-c", MAKER, str(tmp_path / "disk" / "runs"), "100000"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "step\n"
        yield process
        process.kill()


def test_a_disk_that_vanishes_and_comes_back_costs_one_start(maker, tmp_path):
    disk = tmp_path / "disk"
    disk.rename(tmp_path / "away")
    out, _ = maker.communicate(timeout=30)
    assert maker.returncode == 2
    message = out.splitlines()[-1]
    assert f"{disk}/runs/trained/abc/checkpoint.json: cannot be written, its folder is gone" in out
    assert message.endswith("start the same command again")
    assert not disk.exists()  # nothing was made where the disk will be again

    (tmp_path / "away").rename(disk)
    again = python("-c", MAKER, str(disk / "runs"), "1", check=True)
    assert again.stdout.splitlines()[-1] == "{'made': True}"
    left = {path.name for path in (disk / "runs" / "trained" / "abc").iterdir()}
    assert left == {"checkpoint.json", "made.json"}


def test_results_removed_while_they_are_made_do_not_stay_broken(maker, tmp_path):
    root = tmp_path / "disk" / "runs"
    while root.exists():  # the maker goes on writing meanwhile
        shutil.rmtree(root, ignore_errors=True)
    assert maker.wait(30) == 2
    assert "its folder is gone" in maker.stdout.read()
    assert python("-c", MAKER, str(root), "1", check=True).stdout.endswith("{'made': True}\n")
