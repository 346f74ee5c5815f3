"""`semvet data list` and `check`, and images that cannot be used."""

import re
import shutil
from pathlib import Path

import pytest
from support import refused, semvet


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
