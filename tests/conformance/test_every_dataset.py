"""What semvet.testing asks of any data set, asked of everything in the DATASETS table."""

from functools import partial
from pathlib import Path

import pytest
from made_files import noise, png, save, write_parquet

from semvet.data import DATASETS
from semvet.testing.datasets import PROMISES
from semvet.testing.promise import keep, words

ARGUMENTS = {  # small, and nothing of the hub
    "mnist": {"source": "sample"},
    "fashion_mnist": {"source": "sample"},
    "cifar10": {"source": "local"},
    "imagenet5": {},
    "image-folder": {"root": "classes"},
    "huggingface": {"path": "owner/name"},
    "scenes": {"source": "sample", "count": 40, "test_count": 10},
}
LOCAL = {"cifar10": 32, "imagenet5": 64, "owner/name": 16}  # copies of colour images, their size
ELSEWHERE = ("mnist", "fashion_mnist", "scenes")  # packaged


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name, size in LOCAL.items():
        for seed, part in enumerate(("train", "test")):
            encoded = [png(x) for x in noise(10, size, size, 3, seed=seed)]
            write_parquet(folder / name / f"{part}.parquet", encoded, [i % 5 for i in range(10)])
    for label in ("cat", "dog"):
        for i, image in enumerate(noise(20, 8, 8, seed=len(label))):
            save(folder / "classes" / label / f"{i:02d}.png", image)
    return folder


def arguments(name: str, root: Path) -> dict:
    given = dict(ARGUMENTS[name])
    if name not in ELSEWHERE:
        given["root"] = str(root / given.get("root", ""))
    return given


def test_every_data_set_is_tested_here():
    assert set(ARGUMENTS) == set(DATASETS)


@pytest.mark.parametrize("promise", PROMISES, ids=words)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_data_set_keeps_its_promises(name, promise, root):
    keep([promise], partial(DATASETS[name], **arguments(name, root)), what=name)
