"""Runs that have a name: `semvet run NAME`. The comment at a file's head says what it is."""

from importlib.resources import files
from typing import Any, NamedTuple

from semvet.config import nearest, read_document
from semvet.config.renamed import current_preset
from semvet.errors import ConfigError


class PresetFile(NamedTuple):
    name: str
    comment: str  # its first line is a sentence that says what it is
    text: str  # without the comment


def preset_names() -> list[str]:
    return sorted(
        path.name.removesuffix(".yaml")
        for path in files(__name__).iterdir()
        if path.name.endswith(".yaml")
    )


def preset(name: str) -> dict[str, Any]:
    """The run's document: with `like: OTHER` that one's, but for the keys that it gives itself.

    Raises ConfigError with the names that there are.
    """
    name = current_preset(name)
    document = read_document(_text(name), f"{name}.yaml")
    other = document.pop("like", None)
    return {**preset(other), **document} if other else document


def preset_file(name: str) -> PresetFile:
    """Raises ConfigError with the names that there are."""
    name = current_preset(name)
    lines = _text(name).splitlines()
    end = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    comment = (line.removeprefix("#").removeprefix(" ") for line in lines[:end])
    return PresetFile(name, "\n".join(comment), "\n".join(lines[end:]))


def _text(name: str) -> str:
    if name not in preset_names():
        raise ConfigError(f"no run or file named {name!r}; {nearest(name, preset_names())}")
    return files(__name__).joinpath(f"{name}.yaml").read_text()
