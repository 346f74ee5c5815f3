"""Codecs of one's own from the command line, and the example of docs/systems/external.md."""

import json
import re
from pathlib import Path

import pytest
import torch
import users_codecs
import yaml
from safetensors.torch import save_file
from support import digits, python, refused, tiny_run

import semvet as sv

PAGE = Path(__file__).parents[3] / "docs" / "systems" / "external.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The page's example as my_codec.py, in the current folder."""
    (source,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "my_codec.py").write_text(source)
    system = {"name": "external", "target": "my_codec:make_codec"}
    run = tiny_run(digits(tmp_path / "digits"), system=system, attack="bass")
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(run))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_pages_example_runs_from_the_current_folder(folder, runs):
    done = python("-P", "-m", "semvet", "run", "tiny.yaml", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["system"]["channel_uses"] == 32
    (config,) = runs.glob("image-folder-external-bass-*/config.yaml")
    assert len(yaml.safe_load(config.read_text())["system"]["target_sha256"]) == 64


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("my_codek:make_codec", r"system\.target: no module 'my_codek' on Python's path"),
        ("my_codec:torch", "my_codec:torch is a module; expected a function make_codec"),
        ("my_codec:bad", r"my_codec:bad, evaluation mode: decode returned real \(3, 1\)"),
    ],
)
def test_a_broken_target_is_an_error_without_a_traceback(folder, monkeypatch, target, message):
    monkeypatch.syspath_prepend(folder)
    with (folder / "my_codec.py").open("a") as file:
        file.write("\ndef bad(shape, symbols):\n    codec = make_codec(shape, symbols)\n")
        file.write("    codec.decode = lambda y: y.abs()[:, :1]\n    return codec\n")
    assert re.search(message, refused("run", "tiny.yaml", f"system.target={target}"))


def test_a_trained_codec_is_used_as_it_is_with_zero_epochs(tmp_path):
    codec = users_codecs.Real((1, 16, 16), 32)
    torch.nn.init.constant_(codec.decoder[0].bias, -9.0)
    save_file(codec.state_dict(), tmp_path / "w.safetensors")
    system = {"name": "external", "target": "users_codecs:Real"}
    system["weights"] = str(tmp_path / "w.safetensors")
    run = tiny_run(digits(tmp_path / "digits"), system=system, training={"epochs": 0, "batch": 32})
    done = sv.run(run)
    assert done.record.speed.training_seconds == 0
    assert done.report.exists()
    weights = done.folder.weights()
    assert (weights["link/system.codec.decoder.0.bias"] == -9).all()
