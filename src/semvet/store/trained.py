"""Weights that several runs share are those of one training, and of no other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semvet.errors import Missing, WeightsError
from semvet.store.files import read_json
from semvet.store.weights import Arrays, read_weights, sidecar


def read_weights_of(path: Path, record: Mapping[str, Any]) -> Arrays:
    """The weights, if the sidecar says that they came from `record`.

    Raises Missing for another training's, and for such as are not there whole: they can be made
    again.
    """
    found = read_json(sidecar(path)).get("record")
    if found != record:
        raise Missing(f"{path}: of another training ({_difference(found, record)})")
    try:
        return read_weights(path)
    except WeightsError as error:
        raise Missing(str(error)) from None


def _difference(found: object, wanted: Mapping[str, Any]) -> str:
    """The first key that differs."""
    if not isinstance(found, dict):
        return "its record is missing"
    keys = [key for key in (*wanted, *found) if found.get(key) != wanted.get(key)]
    return f"{keys[0]!r} is another"
