import json
import pickle  # noqa: TID251 - the enemy
import re
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from support import digits, python, refused, semvet, tiny_run, tiny_sembugger

from semvet.cli.start import ALLOCATOR
from semvet.pipeline import execute as pipeline
from semvet.records import RunRecord
from semvet.store import RunFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def finished(folder, tmp_path_factory):
    """A folder with tiny.yaml and what `semvet run tiny.yaml --json` left in store/."""
    root = tmp_path_factory.mktemp("finished")
    document = tiny_run(folder, attack=tiny_sembugger(), defense=["none", "semantic-smoothing"])
    document["defense"][1] = {"name": "semantic-smoothing", "copies": 2}
    (root / "tiny.yaml").write_text(yaml.safe_dump(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMVET_RUNS", str(root / "store"))
        status, out, err = semvet("run", root / "tiny.yaml", "--json")
    assert (status, err) == (0, "")
    (root / "stdout.json").write_text(out)
    return root


@pytest.fixture
def done(finished, tmp_path, monkeypatch):
    """A copy of `finished` for one test."""
    copy = shutil.copytree(finished, tmp_path / "finished")
    monkeypatch.setenv("SEMVET_RUNS", str(copy / "store"))
    return copy


@pytest.fixture
def weights(done):
    (path,) = (done / "store").glob("*/weights.safetensors")
    return path


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


def test_trained_weights_that_were_changed_are_not_evaluated(done):
    for path in (done / "store" / "trained").glob("*/weights.safetensors"):
        path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    assert "changed or damaged" in refused("run", done / "tiny.yaml", "defense=none")


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


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("snr_db=loud", "snr_db: 'loud' is not allowed; allowed: a number >= -30 and <= 100"),
        ("attack.levels=0", "attack.levels: 0 is not allowed; allowed: a whole number >= 1 and"),
        ("attack.poison_ratio=1.5", "poison_ratio: 1.5 is not allowed; allowed: a number > 0 and"),
        ("attack=semburger", "no attack named 'semburger'; did you mean 'sembugger'?"),
        ("atack=bass", "atack: unknown key; did you mean 'attack'?"),
        ("attack.level=3", "attack.level: unknown key; did you mean 'levels'?"),
        ("snr_db", "'snr_db': expected key=value"),
        ("data={name: image-folder, root: /nowhere}", "/nowhere: no such folder"),
        ("training.batch=10000", "training.batch: 10000 does not fit"),
        ("data.root=null", "data.root"),
        ("data.root=~nosuch", "data.root: ~nosuch: there is no such user here; write the whole"),
        ("data.root=/" + "x" * 300, "cannot be used (File name too long); name another folder"),
        ("targets.folder=~nosuch", "targets.folder: ~nosuch: there is no such user here"),
        ("seed=1:30", "seed: 1:30 is not allowed: some read it to the base 60"),
    ],
)
def test_a_wrong_value_is_refused_before_anything_is_made(finished, runs, assignment, words):
    assert words in refused("run", finished / "tiny.yaml", assignment)
    assert not list(runs.glob("*/weights.safetensors"))


def test_a_gpu_that_is_not_there_is_refused(finished, runs, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    err = refused("run", finished / "tiny.yaml", "--device", "cuda")
    assert "--device: 'cuda' is not here; allowed: auto, cpu" in err
    assert not runs.exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.yaml", None, "gone.yaml: no such file"),
        ("list.yaml", "- mnist\n", "list.yaml: expected keys such as data"),
        ("text.yaml", "mnist", "text.yaml: expected keys such as data"),
        ("empty.yaml", "", "empty.yaml: expected keys such as data"),
        ("broken.yaml", "data: [mnist", "broken.yaml: not YAML"),
        ("octal.yaml", "seed: 1\nsnr_db: 010\n", "octal.yaml, line 2: snr_db: 010 is not allowed"),
        ("twice.yaml", "seed: 1\nseed: 2\n", "twice.yaml, line 2: seed: given twice"),
        ("tag.yaml", "seed: !!int x\n", "tag.yaml, line 1: seed: the YAML tag '!!int'"),
        ("binary.yml", b"\xff\xfe\x00\x01", "binary.yml: not YAML"),
    ],
)
def test_a_file_that_is_no_run_is_named(tmp_path, runs, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert words in refused("run", tmp_path / name)
    assert not runs.exists()


def test_an_unknown_name_is_answered_with_the_nearest_one():
    assert "'quikstart'; did you mean 'quickstart'?" in refused("run", "quikstart")


def test_an_error_is_one_line_that_can_be_copied():
    path = "/a" * 100 + "/[red]/[/bold].yaml"
    assert refused("run", path) == f"error: {path}: no such file\n"


def test_results_that_cannot_be_written_are_refused_with_the_way_out(
    finished, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SEMVET_RUNS", str(tmp_path / "file" / "runs"))
    err = refused("run", finished / "tiny.yaml")
    assert "cannot be written (Not a directory)" in err
    assert "set SEMVET_RUNS to a folder that you can write to" in err


def _corrupt(root: Path) -> str:
    path = next(root.glob("3/*.png"))
    path.write_bytes(path.read_bytes()[:50])
    return str(path)


def _mixed(root: Path) -> str:
    from PIL import Image

    path = root / "3" / "colour.png"
    Image.new("RGB", (28, 28), "red").save(path)
    return f"{path} is 28x28 with 3 channels"


def _without_labels(root: Path) -> str:
    for path in list(root.glob("*/*.png")):
        path.rename(root / path.name)
    for path in root.glob("[0-9]"):
        path.rmdir()
    return "has no class subfolders"


def _missing(root: Path) -> str:
    shutil.rmtree(root)
    return f"{root}: no such folder"


@pytest.mark.parametrize("spoil", [_corrupt, _mixed, _without_labels, _missing])
@pytest.mark.parametrize("command", ["run", "data check"])
def test_images_that_cannot_be_used_are_named(folder, finished, tmp_path, spoil, command):
    root = shutil.copytree(folder, tmp_path / "images")
    words = spoil(root)
    if command == "run":
        arguments = ["run", finished / "tiny.yaml", f"data={{name: image-folder, root: {root}}}"]
    else:
        arguments = ["data", "check", "image-folder", f"root={root}"]
    assert words in refused(*arguments)


def test_data_list_names_every_data_set_and_where_it_comes_from():
    status, out, _ = semvet("data", "list")
    assert status == 0
    for word in ("mnist", "fashion_mnist", "image-folder", "data.root", "packaged sample"):
        assert word in out


def test_data_check_counts_and_fingerprints(folder, tmp_path):
    root = shutil.copytree(folder, tmp_path / "[red]" / "[" / "bold]")  # no markup for us
    status, out, _ = semvet("data", "check", "image-folder", f"root='{root}'", "size=16")
    assert status == 0
    assert f"image folder {root} (454 + 46 images)" in out
    assert re.search(r"fingerprint [0-9a-f]{16}", out)
    assert "1x16x16" in out


def test_data_check_refuses_unknown_names_and_arguments():
    assert "no data named 'minst'; did you mean 'mnist'?" in refused("data", "check", "minst")
    assert "data.sorce: unknown key; did you mean 'source'?" in refused(
        "data", "check", "mnist", "sorce=sample"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["data", "--help"]])
def test_help_is_there(arguments):
    status, out, _ = semvet(*arguments)
    assert status == 0
    assert "Usage" in out


@pytest.fixture
def fresh(monkeypatch):
    """As in a user's shell: `semvet` has to start itself a second time to set the allocator."""
    for name in ALLOCATOR:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("fresh")
def test_the_version_comes_without_waiting_for_torch():
    done = python("-X", "importtime", "-m", "semvet", "--version", check=True)
    assert re.fullmatch(r"semvet \d+\.\d+\.\d+\S*\n", done.stdout)
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert {"semvet", "typer"} <= loaded
    assert not {"torch", "numpy", "pyarrow"} & loaded


@pytest.mark.parametrize(
    ("name", "assignment", "words"),
    [
        ("quickstart", "snr_bd=5", "error: snr_bd: unknown key; did you mean 'snr_db'?"),
        (
            "quickstart",
            "training.epochs=-1",
            "error: training.epochs: -1 is not allowed; allowed: ",
        ),
        ("compare-attacks", "seed=[0,x]", "error: seed: 'x' is not allowed; allowed: a whole"),
        ("compare-attacks", "seed=[]", "error: compare.seed: [] is not allowed; allowed: a list"),
    ],
)
def test_a_wrong_key_is_answered_without_waiting_for_torch(name, assignment, words):
    done = python("-X", "importtime", "-m", "semvet", "run", name, assignment)
    assert done.returncode == 2
    assert words in done.stderr
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "semvet.config" in loaded
    assert not {"torch", "numpy", "scipy", "semvet.api"} & loaded


@pytest.mark.usefixtures("fresh")
def test_the_folder_that_it_is_started_in_is_not_searched_for_code(tmp_path):
    """Whoever vets a stranger's model starts semvet in the stranger's folder."""
    (tmp_path / "yaml.py").write_text("raise SystemExit('stranger code ran')")
    done = python("-P", "-m", "semvet", "--version", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("fresh")
def test_a_real_process_ends_in_status_2_without_a_traceback(tmp_path):
    done = python("-m", "semvet", "run", "quickstart", "attack.levels=0", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: attack.levels: 0 is not allowed; allowed: ")
    assert list(tmp_path.iterdir()) == []
