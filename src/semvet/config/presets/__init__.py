"""Runs that have a name: `semvet run NAME`."""

from importlib.resources import files
from typing import Any

from semvet.config import nearest, read_document
from semvet.config.renamed import current_preset
from semvet.errors import ConfigError


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
    if name not in preset_names():
        raise ConfigError(f"no run or file named {name!r}; {nearest(name, preset_names())}")
    text = files(__name__).joinpath(f"{name}.yaml").read_text()
    document = read_document(text, f"{name}.yaml")
    other = document.pop("like", None)
    return {**preset(other), **document} if other else document
