"""What a user can get wrong about systems and their data, through the command line."""

import numpy as np
import pytest
import yaml
from PIL import Image
from support import digits, refused, tiny_run


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    root = tmp_path_factory.mktemp("digits")
    path = root / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_run(digits(root / "digits"))))
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["system=external", "system.target=users_codecs:nan"], ["decode", "NaN"]),
        (["system=external", "system.target=users_codecs:coupled"], ["encode", "batch mates"]),
        (["system.bandwidth_ratio=1/1000"], ["no symbol", "take at least 0.0039 (1/256)"]),
        (["system=jscc-q", "system.points=3"], ["system.points: 3", "4, 16, 64, 256"]),
        (["system=jscc-f", "system.layers=9"], ["system.layers: 9", "<= 8"]),
        (["system=jscq"], ["no system named 'jscq'", "did you mean 'jscc-q'?"]),
        (["data.name=nobody/nothing"], ["nobody/nothing", "packaged sample", "image-folder"]),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_a_mistake_is_named_with_the_way_out(tiny, change, words):
    if "nobody" in change[0]:
        change = ["data=nobody/nothing"]
    error = refused("run", tiny, *change)
    for word in words:
        assert word in error


@pytest.mark.parametrize("system", ["jscc", "jscc-f", "jscc-q", "scan", "semcc"])
def test_an_image_smaller_than_the_stride_is_refused(system, tmp_path):
    for split, count in (("train", 120), ("test", 10)):
        for i in range(count):
            path = tmp_path / "images" / split / "a" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng(i + 1000 * (split == "test"))
            Image.fromarray(rng.integers(0, 256, (3, 9), dtype=np.uint8)).save(path)
    document = tiny_run(tmp_path / "images", system=system)
    del document["data"]["size"]
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(document))
    error = refused("run", tmp_path / "tiny.yaml", "system.bandwidth_ratio=1/2")
    assert "images of 3x9 are smaller than this system's stride of 4 pixels" in error
    assert "data.size" in error
