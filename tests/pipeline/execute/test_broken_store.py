"""What was trained before and is not whole, or is another's, is made again and not believed."""

import json
import shutil
from pathlib import Path

import pytest
from support import digits, tiny_run

from semvet.config import override
from semvet.errors import StoreError
from semvet.pipeline.execute import execute
from semvet.pipeline.reload import reload
from semvet.store import RunFolder, Store
from semvet.training.machine import pick_device


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    document = tiny_run(
        digits(tmp_path_factory.mktemp("digits"), 300), attack="bass",
        training={"epochs": 1, "batch": 32},
    )  # fmt: skip
    document["evaluation"] |= {"studies": [], "images": 10}
    return document


@pytest.fixture(scope="module")
def original(run, tmp_path_factory):
    """The store of two seeds."""
    root = tmp_path_factory.mktemp("original")
    for seed in (0, 1):
        execute(override(run, [f"seed={seed}"]), Store(root), device="cpu")
    return root


@pytest.fixture
def root(original, tmp_path):
    return Path(shutil.copytree(original, tmp_path / "store"))


def _clean(root: Path, seed: int) -> Path:
    """Where the null control of a seed is."""
    records = {
        path.parent: json.loads(path.read_text())["record"]
        for path in (root / "trained").glob("*/weights.json")
    }
    (found,) = [
        folder
        for folder, one in records.items()
        if (one["attack"]["name"], one["seed"]) == ("none", seed)
    ]
    return found


def _another_defense(run, root: Path) -> RunFolder:
    return execute(override(run, ["defense=jpeg"]), Store(root), device="cpu")


def _take_seed_1(folder: Path, root: Path) -> None:
    for name in ("weights.safetensors", "weights.json"):
        shutil.copy(_clean(root, 1) / name, folder / name)


DAMAGE = {
    "weights of seed 1": _take_seed_1,
    "no weights": lambda folder, _: (folder / "weights.safetensors").unlink(),
    "no sidecar": lambda folder, _: (folder / "weights.json").unlink(),
    "no poison.json": lambda folder, _: (folder / "poison.json").unlink(),
    "training.json = {}": lambda folder, _: (folder / "training.json").write_text("{}"),
    "weights cut short": lambda folder, _: (folder / "weights.safetensors").write_bytes(b"{"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_half_made_is_made_again_and_ends_in_the_same_weights(run, root, damage):
    folder = _clean(root, 0)
    weights = (folder / "weights.safetensors").read_bytes()
    DAMAGE[damage](folder, root)
    assert _another_defense(run, root).finished
    assert (folder / "weights.safetensors").read_bytes() == weights
    assert json.loads((folder / "weights.json").read_text())["record"]["seed"] == 0
    assert {path.name for path in folder.iterdir()} == {
        "poison.json", "training.json", "weights.json", "weights.safetensors",
    }  # fmt: skip


def test_what_cannot_be_made_again_is_named_with_the_way_out(run, root):
    path = _clean(root, 0) / "weights.safetensors"
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match=r"weights\.safetensors: cannot be written"):
        _another_defense(run, root)


@pytest.mark.parametrize("damage", ["weights of seed 1", "no weights", "weights cut short"])
def test_another_seeds_weights_never_serve_as_the_null_control(run, root, damage):
    folder = execute(override(run, ["seed=0"]), Store(root), device="cpu")
    assert reload(folder, device=pick_device("cpu")).clean is not None
    DAMAGE[damage](_clean(root, 0), root)
    assert reload(folder, device=pick_device("cpu")).clean is None


def test_a_finished_run_that_was_edited_is_refused_by_the_same_command(run, root):
    folder = execute(override(run, ["seed=0"]), Store(root), device="cpu")
    path = folder.path / "config.yaml"
    path.write_text(path.read_text().replace("snr_db: 25.0", "snr_db: 20.0"))
    with pytest.raises(StoreError, match=r"config\.yaml: not as the run left it"):
        _ = execute(override(run, ["seed=0"]), Store(root), device="cpu").config
