"""MNIST and Fashion-MNIST: the packaged sample, and a local copy."""

import os
import shutil
from io import BytesIO
from pathlib import Path

import pytest
import torch
from made_files import noise, png, write_parquet
from PIL import Image

from semvet.data import DATASETS, Cifar10, FashionMnist, ImageNet5, Mnist
from semvet.data.copies import places
from semvet.errors import DataError

FULL = os.environ.get("SEMVET_TEST_DATA")
NAMES = {Mnist: "mnist", FashionMnist: "fashion_mnist"}


@pytest.fixture(autouse=True)
def _no_data_of_the_user(monkeypatch):
    monkeypatch.delenv("SEMVET_DATA", raising=False)


@pytest.fixture
def local(tmp_path):
    """A local folder with 5 + 3 images of each set."""
    for name in NAMES.values():
        _write(tmp_path / name / "train.parquet", 5)
        _write(tmp_path / name / "test.parquet", 3)
    return tmp_path


@pytest.fixture
def tiny_sample(tmp_path, monkeypatch):
    """A packaged sample of 4 + 2 images, where a test only asks whether it was used."""
    monkeypatch.setattr(places, "SAMPLES", tmp_path)
    _write(tmp_path / "mnist-train.parquet", 4)
    _write(tmp_path / "mnist-test.parquet", 2)
    return "mnist, packaged sample (4 + 2 images)"


LOUD = (
    "mnist, PACKAGED SAMPLE, not the full set: no local copy, and ylecun/mnist on the hub: not "
    "asked (HF_HUB_OFFLINE is set) (4 + 2 images)"
)


def _write(path: Path, count: int) -> None:
    write_parquet(path, [png(x) for x in noise(count, 28, 28)], range(count))


@pytest.mark.parametrize(
    ("source", "counts", "fingerprint"),
    [
        (Mnist(source="sample"), (6000, 1000), "eab08c5900ec5af4"),
        (FashionMnist(source="sample"), (3000, 500), "fbfea645232e0ad9"),
    ],
    ids=["mnist", "fashion_mnist"],
)
def test_the_packaged_sample_has_these_pixels_and_says_so(source, counts, fingerprint):
    data = source.load()
    name = NAMES[type(source)]
    assert data.source == f"{name}, packaged sample ({counts[0]:,} + {counts[1]:,} images)"
    assert data.shape == (1, 28, 28)
    for part, count in zip((data.train, data.test), counts, strict=True):
        assert part.pixels.shape == (count, 1, 28, 28)
        assert part.pixels.dtype == torch.uint8
        assert part.label.dtype == torch.int64
        share = part.label.bincount(minlength=10) / count
        assert share.shape == (10,)
        assert 0.08 < share.min() <= share.max() < 0.13
    last = data.train.label[-counts[0] // 10 :]
    assert len(last.unique()) == 10, "the held-out images hold every class"
    assert data.fingerprint == fingerprint


def test_the_sample_of_fashion_mnist_has_every_class_equally_often():
    data = FashionMnist(source="sample").load()
    assert data.train.label.bincount().tolist() == [300] * 10
    assert data.test.label.bincount().tolist() == [50] * 10


@pytest.mark.parametrize("kind", NAMES)
def test_a_local_copy_is_preferred_and_named(kind, local):
    data = kind(root=str(local)).load()
    assert data.source == f"{NAMES[kind]}, local folder {local / NAMES[kind]} (5 + 3 images)"
    assert data.train.label.tolist() == [0, 1, 2, 3, 4]


def test_the_environment_names_the_local_folder(local, monkeypatch):
    monkeypatch.setenv("SEMVET_DATA", str(local))
    assert "local folder" in Mnist().load().source
    assert "local folder" in Mnist(source="local").load().source


def test_the_argument_root_wins_over_the_environment(local, monkeypatch):
    monkeypatch.setenv("SEMVET_DATA", str(local / "fashion_mnist"))
    assert "local folder" in Mnist(root=str(local)).load().source


@pytest.mark.usefixtures("tiny_sample")
def test_the_sample_is_used_where_nothing_is_set_and_says_so_loudly():
    assert Mnist().load().source == LOUD


@pytest.mark.usefixtures("tiny_sample")
def test_the_sample_is_used_where_the_local_folder_has_other_sets(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMVET_DATA", str(tmp_path))
    assert Mnist().load().source == LOUD


def test_the_users_data_folder_is_searched_after_semvet_data(local, tmp_path, monkeypatch):
    home = places.user_folder()
    assert home == tmp_path / "share/semvet/data"
    shutil.copytree(local / "mnist", home / "mnist")
    assert Mnist().load().source == f"mnist, local folder {home / 'mnist'} (5 + 3 images)"
    monkeypatch.setenv("SEMVET_DATA", str(local))
    assert f"local folder {local / 'mnist'}" in Mnist().load().source
    monkeypatch.setenv("SEMVET_DATA", str(tmp_path))
    (tmp_path / "mnist").rename(tmp_path / "elsewhere")
    assert f"local folder {home / 'mnist'}" in Mnist().load().source


def test_now_says_where_it_would_come_from(local, monkeypatch):
    fetchable = "fetchable from ylecun/mnist, without network the packaged sample"
    assert Mnist().now() == fetchable
    assert Mnist(source="sample").now() == "packaged sample"
    assert Cifar10().now() == "fetchable from uoft-cs/cifar10"
    assert "semvet data build imagenet5" in ImageNet5().now()
    monkeypatch.setenv("SEMVET_DATA", str(local))
    assert Mnist().now() == f"local folder {local / 'mnist'}"


def test_grey_photographs_of_imagenet5_become_colour(tmp_path):
    for part in ("train", "test"):
        mixed = [png(noise(1, 64, 64)[0]), png(noise(1, 64, 64, 3)[0])]
        write_parquet(tmp_path / "imagenet5" / f"{part}.parquet", mixed, [0, 4])
    data = ImageNet5(root=str(tmp_path)).load()
    assert data.shape == (3, 64, 64)
    assert (data.train.pixels[0] == data.train.pixels[0, :1]).all()


def test_a_copy_of_cifar10_that_was_jpeg_says_so(tmp_path):
    file = BytesIO()
    Image.fromarray(noise(1, 32, 32, 3)[0]).save(file, "JPEG")
    for part in ("train", "test"):
        write_parquet(tmp_path / "cifar10" / f"{part}.parquet", [file.getvalue()] * 3, [0, 1, 2])
    source = Cifar10(root=str(tmp_path)).load().source
    assert source.endswith("(3 + 3 images), RE-CODED AS JPEG: PSNR reads too high")


def test_asking_for_the_sample_wins_over_a_local_copy(tiny_sample, local):
    assert Mnist(source="sample", root=str(local)).load().source == tiny_sample


def test_asking_for_a_local_copy_with_no_folder_set_names_every_way_out():
    with pytest.raises(DataError) as caught:
        Mnist(source="local").load()
    for part in (
        "mnist",
        "looked for",
        "data.root or SEMVET_DATA",
        "data fetch",
        "data.source=sample",
    ):
        assert part in str(caught.value)


def test_asking_for_a_local_copy_that_is_not_there_says_where_it_looked(tmp_path):
    with pytest.raises(DataError) as caught:
        Mnist(source="local", root=str(tmp_path)).load()
    looked = str(tmp_path / "mnist")
    for part in (looked, "data.root", "SEMVET_DATA", "data.source=sample"):
        assert part in str(caught.value)


@pytest.mark.parametrize("source", ["auto", "local"])
def test_a_root_that_is_no_folder_is_a_mistake_and_not_a_reason_for_the_sample(
    source, tmp_path, monkeypatch
):
    with pytest.raises(DataError, match=r"typo, named by data\.root, is not a folder.*=sample"):
        Mnist(source=source, root=str(tmp_path / "typo")).load()
    monkeypatch.setenv("SEMVET_DATA", str(tmp_path / "typo"))
    with pytest.raises(DataError, match=r"typo, named by SEMVET_DATA, is not a folder.*=sample"):
        Mnist(source=source).load()


def test_half_a_local_copy_is_named_and_not_replaced_by_the_sample(local):
    (local / "mnist" / "test.parquet").unlink()
    with pytest.raises(DataError, match=r"test\.parquet: no such file.*data\.source=sample"):
        Mnist(root=str(local)).load()


def test_a_truncated_local_copy_is_named_with_the_way_out(local):
    path = local / "mnist" / "train.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"train\.parquet: damaged.*data\.source=sample"):
        Mnist(root=str(local)).load()


@pytest.mark.parametrize(
    ("shape", "said"),
    [((28, 28, 3), "28x28 with 3 channels"), ((32, 32), "32x32 with 1 channel")],
    ids=["channels", "size"],
)
def test_a_wrong_channel_count_or_size_is_named_with_the_way_out(local, shape, said):
    path = local / "mnist" / "test.parquet"
    write_parquet(path, [png(x) for x in noise(3, *shape)], range(3))
    with pytest.raises(DataError, match=rf"test\.parquet: its images are {said}, .*=sample"):
        Mnist(root=str(local)).load()


def test_a_damaged_installation_is_named_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "SAMPLES", tmp_path)
    with pytest.raises(DataError, match=r"mnist-train\.parquet: no such file; reinstall semvet"):
        Mnist(source="sample").load()


def test_the_samples_state_their_licences():
    text = (places.SAMPLES / "README.md").read_text()
    for part in ("Attribution-ShareAlike 3.0", "Yann LeCun", "Zalando", "MIT License"):
        assert part in text
    assert sum(p.stat().st_size for p in places.SAMPLES.iterdir()) < 4e6


def test_the_table_of_data_sets_holds_sources_by_name():
    assert {"mnist", "cifar10", "imagenet5", "image-folder", "huggingface"} <= DATASETS.keys()


@pytest.mark.skipif(not FULL, reason="SEMVET_TEST_DATA names no folder with imagenet5")
def test_the_full_imagenet5_loads_in_colour_with_its_classes_in_equal_parts():
    full = ImageNet5(root=FULL).load()
    assert full.train.pixels.shape == (20_000, 3, 64, 64)
    assert full.train.label.bincount().tolist() == [4000] * 5
    assert full.test.label.bincount().tolist() == [1000] * 5
    assert full.fingerprint == "8594223bddf1c0af"


@pytest.mark.skipif(
    not FULL, reason="SEMVET_TEST_DATA names no folder with mnist/{train,test}.parquet"
)
def test_the_full_mnist_loads_from_a_local_folder_and_holds_the_sample():
    full = Mnist(source="local", root=FULL).load()
    assert full.source.endswith("mnist (60,000 + 10,000 images)")
    assert str(Path(FULL)) in full.source
    assert full.train.pixels.shape == (60_000, 1, 28, 28)
    assert full.test.pixels.shape == (10_000, 1, 28, 28)
    assert full.fingerprint == "e0130f111822ed58"
    sample = Mnist(source="sample").load()
    for part, whole in ((sample.train, full.train), (sample.test, full.test)):
        assert torch.equal(part.pixels, whole.pixels[::10])
        assert torch.equal(part.label, whole.label[::10])
