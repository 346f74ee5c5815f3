"""What a user can get wrong about an attack's targets and budget, through the command line."""

import pytest
import yaml
from PIL import Image
from support import digits, refused, tiny_run, tiny_sembugger


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    root = tmp_path_factory.mktemp("digits")
    for folder, size in (("small", 16), ("large", 20)):
        (root / folder).mkdir()
        for i in range(2):
            Image.new("L", (size, size), 100 + i).save(root / folder / f"{i}.png")
    path = root / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_run(digits(root / "digits"), attack=tiny_sembugger())))
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["targets.folder={root}/large"], ["0.png: a target is 20x20 with 1 channel", "16x16"]),
        (["targets.data=mnist", "targets.data.source=sample"], ["28x28", "targets.fit=true"]),
        (["targets.folder={root}/small", "attack.levels=4"], ["4 levels, but only 2 targets"]),
        (["targets.folder={root}/none"], ["targets.folder", "is not a folder"]),
        (
            ["targets.data=mnist", "targets.data.source=sample", "targets.label=12"],
            ["no image of mnist has class 12", "allowed: 0, 1, 2"],
        ),
        (["attack.bound=0"], ["attack.bound: 0", "a number > 0 and <= 1"]),
        (["attack.poison_ratio=1"], ["is all of them", "less than 1"]),
        (["attack.poison_ratio=.999"], ["does not fit", "victims", "batch"]),
        (["attack.poison_ratio=.001"], ["is none", "take at least"]),
        (["attack=frequency", "attack.keep=65"], ["attack.keep: 65 of attack.band: 64"]),
        (["attack=ct-ba", "attack.trigger_snr_db=null"], ["attack.trigger_snr_db", "give an SNR"]),
        (["attack=defense-activated"], ["attack.against: must be given"]),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_a_mistake_is_named_with_the_way_out(tiny, runs, change, words):
    error = refused("run", tiny, *(text.format(root=tiny.parent) for text in change))
    for word in words:
        assert word in error
    assert not list(runs.glob("trained/*/weights.safetensors"))  # refused before any training
