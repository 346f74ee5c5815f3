"""docs/architecture.md and its picture say what the code is."""

import re
import runpy
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
ROOMS = sorted(
    path.stem
    for path in (ROOT / "src" / "semvet").iterdir()
    if path.suffix == ".py" or (path / "__init__.py").is_file()
    if not path.stem.startswith("__")
)
NAMED = sorted({
    name for name in re.findall(r"`([a-z_0-9]+(?:\.[A-Za-z_0-9]+)+)`", PAGE)
    if name.partition(".")[0] in ROOMS
})  # fmt: skip
KEYS = {"training.images", "evaluation.classifier"}  # of a configuration


def found(name: str) -> bool:
    """Whether semvet has a module, or an attribute of one, of this dotted name."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            here = import_module(".".join(["semvet", *parts[:length]]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            here = getattr(here, part, None)
        return here is not None
    return False


def test_the_picture_is_drawn_from_the_layers_that_are_checked():
    drawn = runpy.run_path(str(ROOT / "docs" / "draw_layers.py"))
    layers = drawn["layers"]()
    way_out = "draw it again: python docs/draw_layers.py"
    assert drawn["PICTURE"].read_text() == drawn["picture"](layers), way_out
    assert {room for layer in layers for room in layer} - {"__main__"} == set(ROOMS)


def test_every_room_is_described():
    missing = [room for room in ROOMS if f"`{room}`" not in PAGE]
    assert not missing


def test_there_are_names_to_look_up():
    assert len(NAMED) > 40


@pytest.mark.parametrize("name", sorted(set(NAMED) - KEYS))
def test_what_the_walks_name_exists(name):
    assert found(name)
