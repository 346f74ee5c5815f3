"""imagenet5 from a user's own copy of ImageNet or Tiny ImageNet."""

import os
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pyarrow import parquet

from semvet.data import ImageNet5, build_imagenet5
from semvet.data.imagenet import build as imagenet5_build
from semvet.data.imagenet.synsets import SYNSETS
from semvet.errors import DataError

FULL = os.environ.get("SEMVET_TEST_DATA")
ALL = [synset for names in SYNSETS.values() for synset in names]


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """3 + 2 images a synset in place of 200 + 50."""
    monkeypatch.setattr(imagenet5_build, "TRAIN", 3)
    monkeypatch.setattr(imagenet5_build, "TEST", 2)


def _image(synset: int, number: int, size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """Of one colour that says which image it is."""
    colour = (synset, number * 20, 128)
    return Image.new("RGB", size, colour).convert(mode)


def _make(root: Path, inner: str, size: tuple[int, int], count: int = 6) -> Path:
    for i, synset in enumerate(ALL):
        folder = root / "train" / synset / inner
        folder.mkdir(parents=True)
        for number in (*range(1, count), 10):  # 10 comes after 9 and not after 1
            _image(i, number, size).save(folder / f"{synset}_{number}.JPEG", "PNG")
    (root / "train" / "n00000000").mkdir()  # ImageNet has 1000 synsets
    return root


@pytest.fixture
def tiny(tmp_path):
    return _make(tmp_path / "tiny-imagenet-200", "images", (64, 64))


@pytest.fixture
def ilsvrc(tmp_path):
    return _make(tmp_path / "ilsvrc", "", (100, 80))


@pytest.mark.parametrize("layout", ["tiny", "ilsvrc"])
def test_it_is_built_in_the_documented_order(layout, request, tmp_path):
    folder = request.getfixturevalue(layout)
    built = build_imagenet5(folder)
    assert built.folder == tmp_path / "share/semvet/data/imagenet5"
    data = ImageNet5().load()
    assert data.fingerprint == built.fingerprint == built.data.fingerprint
    assert data.shape == (3, 64, 64)
    assert (len(data.train), len(data.test)) == (300, 200)
    for part, numbers in ((data.train, (1, 2, 3)), (data.test, (4, 5))):
        turn = part.label.view(len(numbers), 20, 5)
        assert (turn == torch.arange(5)).all(), "superclasses take turns"
        red, green = part.pixels[:, 0, 32, 32].long(), part.pixels[:, 1, 32, 32].long()
        wanted = torch.arange(100).view(5, 20).T.flatten().repeat(len(numbers))
        assert torch.equal(red, wanted)
        assert torch.equal(green, torch.tensor(numbers).repeat_interleave(100) * 20)


def test_tiny_images_keep_their_bytes_and_names(tiny, tmp_path):
    build_imagenet5(tiny, root=str(tmp_path / "mine"))
    rows = parquet.read_table(tmp_path / "mine/imagenet5/test.parquet").to_pylist()
    assert rows[0]["image"]["path"] == f"{ALL[0]}_4.JPEG"
    file = tiny / "train" / ALL[0] / "images" / f"{ALL[0]}_4.JPEG"
    assert rows[0]["image"]["bytes"] == file.read_bytes()


def test_a_large_image_is_shrunk_to_its_middle(ilsvrc, tmp_path):
    wide = np.zeros((80, 200, 3), np.uint8)
    wide[:, 60:140] = 255  # the middle square
    Image.fromarray(wide).save(ilsvrc / "train" / ALL[0] / f"{ALL[0]}_1.JPEG", "PNG")
    first = build_imagenet5(ilsvrc).data.train.pixels[0]
    assert (first[:, :, 4:60] == 255).all()


def test_grey_and_cmyk_photographs_become_colour(tiny, ilsvrc, tmp_path):
    for mode, folder, inner in (("L", tiny, "images"), ("CMYK", ilsvrc, "")):
        file = BytesIO()
        _image(7, 1, (64, 64), mode).save(file, "JPEG")
        (folder / "train" / ALL[0] / inner / f"{ALL[0]}_1.JPEG").write_bytes(file.getvalue())
        built = build_imagenet5(folder, root=str(tmp_path / mode))
        assert built.data.shape == (3, 64, 64)


def test_the_train_folder_itself_may_be_named(tiny):
    assert build_imagenet5(tiny / "train").data is not None


def test_a_second_build_leaves_the_copy_as_it_is(tiny, tmp_path):
    first = build_imagenet5(tiny)
    assert build_imagenet5(tmp_path / "gone").data is None
    assert ImageNet5().load().fingerprint == first.fingerprint


def _gone(folder):
    return folder / "gone", "gone: no such folder; --from names your ImageNet"


def _empty(folder):
    (folder / "empty").mkdir()
    return folder / "empty", "100 of 100 synsets are missing .*dugong, 0 images.* and 95 more"


def _short(folder):
    for number in (4, 5):
        (folder / "train/n02165456/images" / f"n02165456_{number}.JPEG").unlink()
    return folder, r"1 of 100 .*fewer than 5 images: n02165456 \(ladybug, 4 images\); needed"


def _damaged(folder):
    path = folder / "train/n02165456/images/n02165456_2.JPEG"
    path.write_bytes(path.read_bytes()[:60])
    return folder, r"n02165456_2\.JPEG .*remove it: the next image takes its place"


@pytest.mark.parametrize("spoil", [_gone, _empty, _short, _damaged])
def test_what_is_missing_or_damaged_is_named_and_nothing_is_kept(tiny, tmp_path, spoil):
    folder, words = spoil(tiny)
    with pytest.raises(DataError, match=words):
        build_imagenet5(folder)
    assert not list((tmp_path / "share").rglob("*.parquet"))


def test_the_synsets_are_20_of_each_superclass():
    assert list(SYNSETS) == ["mammal", "invertebrate", "vehicle", "structure", "clothing"]
    assert [len(names) for names in SYNSETS.values()] == [20] * 5
    assert max(Counter(ALL).values()) == 1


@pytest.mark.skipif(not FULL, reason="SEMVET_TEST_DATA names no folder with imagenet5")
def test_the_synsets_are_those_of_the_full_data_set():
    rows = parquet.read_table(Path(FULL) / "imagenet5/train.parquet").to_pylist()
    found = {(row["label"], row["image"]["path"].partition("_")[0]) for row in rows}
    assert found == {(k, s) for k, names in enumerate(SYNSETS.values()) for s in names}
