"""What `semvet run` refuses before anything is trained."""

import pytest
import torch
from support import refused


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
