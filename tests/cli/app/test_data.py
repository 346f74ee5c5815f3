"""semvet data fetch | build | list."""

import re

import pytest
from made_files import noise, png, shard
from support import python, refused, semvet

from semvet.data.imagenet import build as imagenet5_build
from semvet.data.imagenet.synsets import SYNSETS

NAME = "someone/some-images"


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def some(hub):
    content = shard([png(x) for x in noise(30, 16, 16)], [i % 3 for i in range(30)])
    hub.add(NAME, {"data/train.parquet": content, "data/test.parquet": content})
    return hub


def test_fetch_prints_counts_fingerprint_and_folder_and_check_agrees(some, tmp_path):
    folder = tmp_path / "mine" / NAME
    status, out, err = semvet("data", "fetch", NAME, f"root={tmp_path / 'mine'}")
    assert status == 0
    assert f"{NAME}: 30 + 30 images of 1x16x16, every one decoded" in out
    assert str(folder) in out
    for line in (f"· asking the hub for {NAME}", f"· downloading {NAME}", "· decoding every image"):
        assert line in err
    (fingerprint,) = re.findall(r"fingerprint ([0-9a-f]{16})", out)
    some.asked.clear()
    status, out, err = semvet("data", "fetch", NAME, f"root={tmp_path / 'mine'}")
    assert (status, err, some.asked) == (0, "", [])
    assert f"{NAME}: there already, {folder}   fingerprint {fingerprint}" in out
    out = semvet("data", "check", NAME, f"root={tmp_path / 'mine'}")[1]
    assert f"{NAME}, local folder {folder} (30 + 30 images)   fingerprint {fingerprint}" in out


def test_a_real_process_fetches_from_the_endpoint_of_its_environment(some):
    environment = {"HF_ENDPOINT": some.endpoint, "HF_HUB_OFFLINE": "0"}
    done = python("-m", "semvet", "data", "fetch", NAME, env=environment)
    assert done.returncode == 0, done.stderr
    assert "30 + 30 images" in done.stdout


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("fetch someone/else", "no such data set, or a private or gated one"),
        ("fetch minst", "no data named 'minst'; did you mean 'mnist'?"),
        (f"fetch {NAME} colour=1", "data.colour: unknown key"),
        ("fetch cifar10", "semvet data fetch cifar10"),
        ("fetch imagenet5", "semvet data build imagenet5 --from FOLDER"),
        ("fetch image-folder root=.", "nothing to fetch, its images are local"),
        ("build mnist --from .", "nothing to build named 'mnist'; allowed: imagenet5"),
        ("build imagenet5 --from /nowhere", "/nowhere: no such folder; --from"),
        ("check someone/else", "available here without network: "),
    ],
)
@pytest.mark.usefixtures("some")
def test_a_mistake_is_one_line_with_the_way_out(command, words):
    assert words in refused("data", *command.split())


def test_list_asks_nobody_and_says_where_each_would_come_from(some, tmp_path, monkeypatch):
    status, out, _ = semvet("data", "list")
    assert status == 0
    for words in ("fetchable from uoft-cs/cifar10", "semvet data build imagenet5", "3x64x64"):
        assert words in out
    assert some.asked == []
    monkeypatch.setenv("SEMVET_DATA", str(tmp_path / "typo"))
    status, out, _ = semvet("data", "list")
    assert status == 0
    assert "typo, named by SEMVET_DATA, is not a folder" in out


def test_build_prints_what_it_made(tmp_path, monkeypatch):
    monkeypatch.setattr(imagenet5_build, "TRAIN", 2)
    monkeypatch.setattr(imagenet5_build, "TEST", 1)
    for synset in (synset for names in SYNSETS.values() for synset in names):
        for number, image in enumerate(noise(3, 64, 64, 3)):
            path = tmp_path / "tiny/train" / synset / "images" / f"{synset}_{number}.JPEG"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(image))
    status, out, _ = semvet("data", "build", "imagenet5", "--from", tmp_path / "tiny")
    assert status == 0
    assert "imagenet5: 200 + 100 images of 3x64x64, every one decoded" in out
    made = tmp_path / "share/semvet/data/imagenet5"
    assert f"local folder {made}" in semvet("data", "list")[1]
