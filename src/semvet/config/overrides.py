"""`key=value` words onto a plain document."""

from collections.abc import Iterable, Sequence
from typing import Any

from semvet.config.reading import DEEPEST, IN_TEXT, LONGEST_KEY, read_value
from semvet.config.run import Run, named
from semvet.config.words import shown
from semvet.errors import ConfigError


def override(document: dict[Any, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """`document` with each `dotted.key=value` applied in order; values are read as YAML.

    A part of a plug-in or section that the document leaves out edits its default.
    """
    result, defaults = _copied(document, ""), Run().document()
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigError(f"{text!r}: expected key=value, for example snr_db=5")
        head, *rest = _parts(key)
        parsed = read_value(value, key)
        if rest and head in defaults:
            result.setdefault(head, defaults[head])
        _assign(result, [head, *rest], parsed, key)
    return result


def _parts(key: str) -> list[str]:
    parts = key.split(".")
    fits = all(0 < len(part) <= LONGEST_KEY for part in parts) and len(parts) <= DEEPEST
    if not fits or IN_TEXT.search(key):
        shown_key = IN_TEXT.sub("?", key[:LONGEST_KEY])
        raise ConfigError(
            f"{shown_key}: no key; a key is up to {DEEPEST} words of at most {LONGEST_KEY} "
            "characters with dots in between, for example attack.levels"
        )
    return parts


def _copied(node: Any, key: str, depth: int = 0) -> Any:
    """With text as keys and lists as the only sequences, as a file would have it."""
    if depth > DEEPEST:
        key = key[:LONGEST_KEY].rstrip(".")
        raise ConfigError(f"{key}: nested deeper than {DEEPEST} levels; flatten it")
    if isinstance(node, dict):
        return {
            str(k): _copied(v, f"{key}.{k}" if key else str(k), depth + 1) for k, v in node.items()
        }
    if isinstance(node, list | tuple):
        return [_copied(item, f"{key}.{i}", depth + 1) for i, item in enumerate(node)]
    return node


def _assign(node: Any, path: Sequence[str], value: Any, key: str) -> None:
    head, *rest = path
    if isinstance(node, list):
        if not head.isdecimal() and len(node) == 1:  # defense.sigma=.1 where there is one defense
            head, rest = "0", list(path)
        if not head.isdecimal() or int(head) >= len(node):
            which = key.removesuffix(".".join(path))
            raise ConfigError(f"{key}: which one? allowed: {_numbers(which, len(node))}")
        if not rest:
            node[int(head)] = value
            return
        node[int(head)] = named(node[int(head)])
        _assign(node[int(head)], rest, value, key)
    elif not isinstance(node, dict):
        raise ConfigError(f"{key}: {shown(node)} is a plain value and has no keys")
    elif not rest:
        node[head] = value
    else:
        child = named(node.get(head, {}))
        if not isinstance(child, dict | list):
            raise ConfigError(f"{key}: {head} is a plain value and has no keys")
        node[head] = [child] if rest[0].isdecimal() and isinstance(child, dict) else child
        _assign(node[head], rest, value, key)


def _numbers(which: str, count: int) -> str:
    if count > 8:
        return f"{which}0 to {which}{count - 1}"
    return ", ".join(f"{which}{i}" for i in range(count)) or "none: it is empty"
