"""Names that changed: the old one is taken for one version, with a warning.

preset   quick -> mnist-sample
key      "training.rate", or of a plug-in "sembugger.rate", -> its last part as it is now
"""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from semvet.errors import ConfigError


class Renamed(NamedTuple):
    now: str
    goes: str  # the version that no longer takes the old name


PRESETS = {
    "quick": Renamed("mnist-sample", goes="0.2"),
    "cpu": Renamed("mnist-full", goes="0.2"),
    "gpu": Renamed("cifar10-full", goes="0.2"),
}
KEYS: dict[str, Renamed] = {}


def current_preset(name: str) -> str:
    if name not in PRESETS:
        return name
    _warn(f"the preset {name!r}", PRESETS[name])
    return PRESETS[name].now


def with_current_keys(
    document: dict[str, Any], keys: Mapping[str, Renamed] = KEYS
) -> dict[str, Any]:
    """A copy of the document with the keys of today, in their old places.

    Raises ConfigError where a key is given by its old and by its new name.
    """
    return _renamed(document, "", keys) if keys else document


def _renamed(node: Any, owner: str, keys: Mapping[str, Renamed]) -> Any:
    """`owner` is the section that the node is, or the plug-in that it describes."""
    if isinstance(node, list | tuple):
        return [_renamed(item, owner, keys) for item in node]
    if not isinstance(node, dict):
        return node
    name = node.get("name")
    owner = name if isinstance(name, str) else owner
    found: dict[Any, Any] = {}
    for key, value in node.items():
        path = f"{owner}.{key}" if owner else str(key)
        now = keys[path].now if path in keys else key
        if now != key:
            if now in node:
                raise ConfigError(f"{path}: its new name {now!r} is given too; leave {key!r} out")
            _warn(f"the key {path!r}", keys[path])
        found[now] = _renamed(value, str(now), keys)
    return found


def _warn(what: str, renamed: Renamed) -> None:
    warnings.warn(
        f"{what} is called {renamed.now!r} now; the old name goes in semvet {renamed.goes}",
        FutureWarning,
        stacklevel=4,
    )
