"""semvet data fetch | build | list, as a user's shell runs them."""

import re
import sys
from pathlib import Path

import pytest
from made_files import noise, png, shard
from support import python

sys.path.append(str(Path(__file__).parents[1] / "data"))
from hub_server import Hub, serving

from semvet.data.imagenet5_synsets import SYNSETS

NAME = "someone/some-images"


@pytest.fixture
def hub():
    content = shard([png(x) for x in noise(30, 16, 16)], [i % 3 for i in range(30)])
    with serving(Hub()) as server:
        server.add(NAME, {"data/train.parquet": content, "data/test.parquet": content})
        yield server


@pytest.fixture
def semvet(hub):
    """`semvet ARGUMENTS` in a process that takes `hub` for the real one."""

    def run(*arguments, **env):
        online = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "COLUMNS": "200"}
        return python("-m", "semvet", *map(str, arguments), env={**online, **env})

    return run


def test_fetch_prints_counts_fingerprint_and_folder_and_check_agrees(semvet, hub, tmp_path):
    root = tmp_path / "mine"
    done = semvet("data", "fetch", NAME, f"root={root}")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert f"{NAME}: 30 + 30 images of 1x16x16, every one decoded" in done.stdout
    assert str(root / NAME) in done.stdout
    for line in (f"· asking the hub for {NAME}", f"· downloading {NAME}", "· decoding every image"):
        assert line in done.stderr
    (fingerprint,) = re.findall(r"fingerprint ([0-9a-f]{16})", done.stdout)
    hub.asked.clear()
    again = semvet("data", "fetch", NAME, f"root={root}")
    assert (again.returncode, hub.asked) == (0, [])
    assert f"{NAME}: there already, {root / NAME}   fingerprint {fingerprint}" in again.stdout
    check = semvet("data", "check", NAME, f"root={root}", HF_HUB_OFFLINE="1")
    assert f"fingerprint {fingerprint}" in check.stdout
    assert f"{NAME}, local folder {root / NAME} (30 + 30 images)" in check.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fetch", "someone/else"], "no such data set, or a private or gated one"),
        (["fetch", "minst"], "no data named 'minst'; did you mean 'mnist'?"),
        (["fetch", NAME, "colour=1"], "data.colour: unknown key"),
        (["fetch", NAME, "path=other"], "no"),
        (["fetch", "cifar10"], "semvet data fetch cifar10"),
        (["fetch", "imagenet5"], "semvet data build imagenet5 --from FOLDER"),
        (["fetch", "image-folder", "root=."], "nothing to fetch, its images are local"),
        (["build", "mnist", "--from", "."], "nothing to build named 'mnist'; "),
        (["build", "imagenet5", "--from", "/nowhere"], "/nowhere: no such folder; --from"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_a_mistake_is_one_line_with_the_way_out(semvet, arguments, words):
    done = semvet("data", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_list_asks_nobody_and_says_where_each_would_come_from(semvet, hub, tmp_path):
    made = semvet("data", "list")
    assert made.returncode == 0, made.stderr
    for words in ("fetchable from uoft-cs/cifar10", "semvet data build imagenet5", "3x64x64"):
        assert words in made.stdout
    assert hub.asked == []
    broken = semvet("data", "list", SEMVET_DATA=str(tmp_path / "typo"))
    assert broken.returncode == 0
    assert "typo" in broken.stdout


def test_build_prints_what_it_made(semvet, tmp_path):
    for i, synset in enumerate(s for names in SYNSETS.values() for s in names):
        folder = tmp_path / "tiny/train" / synset / "images"
        folder.mkdir(parents=True)
        content = png(noise(1, 64, 64, 3, seed=i)[0])
        for number in range(250):
            (folder / f"{synset}_{number}.JPEG").write_bytes(content)
    done = semvet("data", "build", "imagenet5", "--from", tmp_path / "tiny")
    assert done.returncode == 0, done.stderr
    assert "imagenet5: 20,000 + 5,000 images of 3x64x64, every one decoded" in done.stdout
    listed = semvet("data", "list").stdout
    assert f"local folder {tmp_path / 'share/semvet/data/imagenet5'}" in listed
