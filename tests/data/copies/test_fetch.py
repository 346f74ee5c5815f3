"""Named data sets from a hub that runs on this machine: `fetch`, and `source: auto`."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hub_server import Hub, serving
from made_files import noise, png, shard
from support import SOURCE

from semvet.data import Cifar10, FashionMnist, ImageNet5, Mnist
from semvet.data.copies import hub as hub_module
from semvet.errors import DataError

FULL = os.environ.get("SEMVET_TEST_DATA")
TRAIN, TEST = "plain_text/train-00000-of-00001.parquet", "plain_text/test-00000-of-00001.parquet"
full_data = pytest.mark.skipif(not FULL, reason="SEMVET_TEST_DATA names no full data sets")


@pytest.fixture
def cifar10(hub, monkeypatch):
    """A hub whose CIFAR-10 has 20 + 10 images, which this test takes for the published counts."""
    monkeypatch.setattr(Cifar10, "counts", (20, 10))
    hub.add("uoft-cs/cifar10", {TRAIN: _images(20), TEST: _images(10), "README.md": b"a card"})
    return hub


@pytest.fixture
def home(tmp_path):
    return tmp_path / "share/semvet/data"


def _images(count: int, *shape: int) -> bytes:
    pixels = noise(count, *(shape or (32, 32, 3)))
    return shard([png(x) for x in pixels], [i % 10 for i in range(count)], image="img")


def _nothing_is_kept(home: Path) -> bool:
    return not any(path.name != ".cifar10.lock" for path in home.glob("*"))


def test_fetch_makes_a_checked_local_copy_and_reports_its_progress(cifar10, home):
    told = []
    fetched = Cifar10().fetch(lambda *step: told.append(step))
    assert fetched.folder == home / "cifar10"
    assert sorted(path.name for path in fetched.folder.iterdir()) == [
        "origin.json", "test.parquet", "train.parquet",
    ]  # fmt: skip
    copy = Cifar10(source="local").load()
    assert copy.fingerprint == fetched.fingerprint == fetched.data.fingerprint
    assert copy.source == f"cifar10, local folder {home / 'cifar10'} (20 + 10 images)"
    assert (copy.train.pixels.permute(0, 2, 3, 1).numpy() == noise(20, 32, 32, 3)).all()
    assert copy.train.label.tolist() == [i % 10 for i in range(20)]
    size = len(_images(20)) + len(_images(10))
    assert ("downloading uoft-cs/cifar10", size, size) in told
    assert json.loads((home / "cifar10/origin.json").read_text())["repository"] == "uoft-cs/cifar10"


def test_a_second_fetch_says_that_it_is_there_and_asks_nobody(cifar10):
    first = Cifar10().fetch()
    cifar10.asked.clear()
    second = Cifar10().fetch()
    assert (second.folder, second.fingerprint, second.data) == (
        first.folder, first.fingerprint, None,
    )  # fmt: skip
    assert cifar10.asked == []


def test_a_copy_in_semvet_data_is_there_already(cifar10, tmp_path, monkeypatch):
    made = Cifar10(root=str(tmp_path / "mine")).fetch()
    assert made.folder == tmp_path / "mine/cifar10"
    monkeypatch.setenv("SEMVET_DATA", str(tmp_path / "mine"))
    assert Cifar10().fetch().folder == made.folder


def test_auto_downloads_once_and_says_so(cifar10, home, caplog):
    data = Cifar10().load()
    assert data.source == (
        f"cifar10, downloaded from uoft-cs/cifar10 on the hub to {home / 'cifar10'} "
        "(20 + 10 images)"
    )
    assert "downloading uoft-cs/cifar10: 0.1 MB, kept as a local copy" in caplog.text
    cifar10.asked.clear()
    again = Cifar10().load()
    assert again.fingerprint == data.fingerprint
    assert again.source.startswith("cifar10, local folder")
    assert cifar10.asked == []


def test_the_hubs_own_conversion_is_preferred(cifar10):
    files = {
        "plain_text/train/0000.parquet": _images(20),
        "plain_text/test/0000.parquet": _images(10),
    }
    cifar10.add("uoft-cs/cifar10", files, "refs/convert/parquet")
    Cifar10().fetch()
    assert any("resolve" in path and "/train/0000.parquet" in path for path in cifar10.asked)
    assert not any(TRAIN in path for path in cifar10.asked)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({TRAIN: _images(19), TEST: _images(10)}, "19 training images of 10 classes, published"),
        ({TRAIN: _images(20), TEST: _images(9)}, "9 test images of 9 classes, published are 10"),
        ({TRAIN: _images(20, 28, 28), TEST: _images(10)}, "28x28 with 1 channel, but cifar10 is"),
        ({TRAIN: _images(20), TEST: _images(10)[:-50]}, "damaged or not a parquet file"),
        ({TRAIN: shard([b"\x89PNG"] * 20, range(20)), TEST: _images(10)}, "image 0 is not an im"),
        ({TRAIN: _images(20)}, "no split 'test' .*allowed: train"),
        ({"train.csv": b""}, "has no parquet files that name a split"),
    ],
    ids=[
        "train count",
        "test count",
        "shape",
        "damaged",
        "undecodable",
        "no test split",
        "no files",
    ],
)
def test_what_is_not_the_published_data_set_is_refused_and_not_kept(cifar10, home, files, words):
    cifar10.add("uoft-cs/cifar10", files)
    with pytest.raises(DataError, match=words):
        Cifar10().fetch()
    assert _nothing_is_kept(home)
    with pytest.raises(DataError, match=words):
        Cifar10().load()
    assert _nothing_is_kept(home)


def test_a_download_that_breaks_off_leaves_nothing_and_can_be_repeated(
    cifar10, home, take_for_the_hub
):
    cifar10.broken = True
    with pytest.raises(DataError) as caught:
        Cifar10().fetch()
    for part in ("cifar10: uoft-cs/cifar10", "download broken off", "data fetch cifar10"):
        assert part in str(caught.value)
    assert _nothing_is_kept(home)
    with serving(Hub(cifar10.repositories)) as mended:
        take_for_the_hub(mended.endpoint)
        assert Cifar10().fetch().data is not None


def test_a_killed_download_leaves_nothing_and_can_be_repeated(cifar10, tmp_path, home):
    cifar10.stalled = True
    command = [sys.executable, "-m", "semvet", "data", "fetch", "cifar10"]
    environment = {
        **os.environ, "PYTHONPATH": str(SOURCE), "HF_ENDPOINT": cifar10.endpoint,
        "HF_HUB_OFFLINE": "0",
    }  # fmt: skip
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        assert cifar10.stuck.wait(60)
        process.send_signal(signal.SIGKILL)
    assert not (home / "cifar10").exists()
    assert (home / ".cifar10.part").exists(), "nobody could tidy up"
    cifar10.stalled = False
    assert Cifar10().fetch().data is not None
    assert sorted(path.name for path in home.iterdir()) == [".cifar10.lock", "cifar10"]


def test_no_answer_is_not_waited_for(cifar10, monkeypatch):
    monkeypatch.setattr(hub_module, "PATIENCE_S", 0.2)
    cifar10.silent = True
    began = time.monotonic()
    with pytest.raises(DataError, match=r"not reachable \(no answer within 0\.2 s\)"):
        Cifar10().load()
    assert time.monotonic() - began < 5


@pytest.fixture
def refusing(take_for_the_hub):
    """Nobody listens at the hub's address."""
    take_for_the_hub("http://127.0.0.1:9")


@pytest.mark.usefixtures("refusing")
def test_without_network_the_error_names_every_local_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMVET_DATA", str(tmp_path / "mine"))
    copy = tmp_path / "mine/ylecun/mnist/train.parquet"
    copy.parent.mkdir(parents=True)
    copy.touch()
    for call in (Cifar10().load, Cifar10().fetch):
        with pytest.raises(DataError) as caught:
            call()
        for part in (
            "cifar10: uoft-cs/cifar10 on the hub: not reachable", "refused",
            "semvet data fetch cifar10", "data.root or SEMVET_DATA",
            f"ylecun/mnist (in {tmp_path / 'mine'})", "mnist (packaged sample", "image-folder",
        ):  # fmt: skip
            assert part in str(caught.value)


@pytest.mark.usefixtures("refusing")
def test_without_network_the_sample_is_used_and_says_loudly_why():
    source = FashionMnist().load().source
    assert source.startswith(
        "fashion_mnist, PACKAGED SAMPLE, not the full set: no local copy, and "
        "zalando-datasets/fashion_mnist on the hub: not reachable ("
    )
    assert source.endswith("(3,000 + 500 images)")


def test_offline_mode_is_honoured():
    with pytest.raises(DataError, match=r"not asked \(HF_HUB_OFFLINE is set\)"):
        Cifar10().load()
    assert "HF_HUB_OFFLINE is set" in FashionMnist().load().source


@pytest.mark.parametrize("call", ["load", "fetch"])
def test_imagenet5_says_how_it_is_built(call, hub):
    with pytest.raises(DataError) as caught:
        getattr(ImageNet5(), call)()
    for part in ("imagenet5", "semvet data build imagenet5 --from FOLDER", "data.root"):
        assert part in str(caught.value)
    assert hub.asked == []


def test_a_folder_that_cannot_be_written_is_named(cifar10, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file/cifar10: cannot be written \(.*give root=FOLDER"):
        Cifar10(root=str(tmp_path / "file")).fetch()


def test_half_a_copy_is_named_and_not_overwritten(cifar10, home):
    (home / "cifar10").mkdir(parents=True)
    with pytest.raises(DataError, match=r"is there, but without train\.parquet; remove it"):
        Cifar10().fetch()


@full_data
def test_the_full_mnist_survives_the_way_through_the_hub(hub, home):
    folder = Path(FULL) / "mnist"
    hub.add(
        "ylecun/mnist",
        {
            f"mnist/{part}-00000-of-00001.parquet": (folder / f"{part}.parquet").read_bytes()
            for part in ("train", "test")
        },
    )
    fetched = Mnist().fetch()
    assert fetched.fingerprint == "e0130f111822ed58"
    assert (len(fetched.data.train), len(fetched.data.test)) == (60_000, 10_000)


@full_data
def test_the_full_cifar10_loads_and_says_what_its_pixels_went_through():
    data = Cifar10(source="local", root=FULL).load()
    assert data.source.endswith("(50,000 + 10,000 images), RE-CODED AS JPEG: PSNR reads too high")
    assert data.train.label.bincount().tolist() == [5000] * 10
    assert data.fingerprint == "2e09043ba5820d7e"
