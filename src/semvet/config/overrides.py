"""`key=value` words onto a plain document."""

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from semvet.config.run import Run, named
from semvet.errors import ConfigError


def override(document: dict[Any, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """`document` with each `dotted.key=value` applied in order; values are read as YAML.

    A part of a plug-in or section that the document leaves out edits its default.
    """
    result, defaults = _copied(document), Run().document()
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigError(f"{text!r}: expected key=value, for example snr_db=5")
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"{key}: {value!r} is not a YAML value") from None
        head, *rest = key.split(".")
        if rest and head in defaults:
            result.setdefault(head, defaults[head])
        _assign(result, [head, *rest], parsed, key)
    return result


def _copied(node: Any) -> Any:
    """With text as keys and lists as the only sequences, as a file would have it."""
    if isinstance(node, dict):
        return {str(key): _copied(value) for key, value in node.items()}
    return [_copied(item) for item in node] if isinstance(node, list | tuple) else node


def _assign(node: Any, path: Sequence[str], value: Any, key: str) -> None:
    head, *rest = path
    if isinstance(node, list):
        if not head.isdecimal() and len(node) == 1:  # defense.sigma=.1 where there is one defense
            head, rest = "0", list(path)
        if not head.isdecimal() or int(head) >= len(node):
            which = key.removesuffix(".".join(path))
            numbers = ", ".join(f"{which}{i}" for i in range(len(node))) or "none: it is empty"
            raise ConfigError(f"{key}: which one? allowed: {numbers}")
        if not rest:
            node[int(head)] = value
            return
        node[int(head)] = named(node[int(head)])
        _assign(node[int(head)], rest, value, key)
    elif not rest:
        node[head] = value
    else:
        child = named(node.get(head, {}))
        if not isinstance(child, dict | list):
            raise ConfigError(f"{key}: {head} is a plain value and has no keys")
        node[head] = [child] if rest[0].isdecimal() and isinstance(child, dict) else child
        _assign(node[head], rest, value, key)
