"""Several runs from one document: every combination of what is compared.

compare: {attack: [bass, sembugger], seed: [0, 1, 2]}      ->      6 runs
"""

from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Any

from semvet.config.overrides import override
from semvet.config.reading import read_value
from semvet.config.words import shown
from semvet.errors import ConfigError

MOST = 10_000  # runs of one document


def expand(document: dict[str, Any], assignments: Iterable[str] = ()) -> list[dict[str, Any]]:
    """One document per combination, the last compared key changing fastest.

    An assignment to a compared key replaces its list: `seed=[0,1]`, or `seed=0` for one value.
    Raises ConfigError for a `compare` that is no mapping of keys to lists, or makes too many runs.
    """
    base = {key: value for key, value in document.items() if key != "compare"}
    axes = _axes(document.get("compare", {}))
    rest = []
    for text in assignments:
        key, equals, value = text.partition("=")
        if equals and key in axes:
            chosen = read_value(value, key)
            axes[key] = _values(key, chosen if isinstance(chosen, list) else [chosen])
        elif (head := key.partition(".")[0]) in axes:
            raise ConfigError(
                f"{key}: {head} is compared; give the arguments in its list, for example "
                f"'{head}=[{{name: {_name(axes[head][0])}, {key.partition('.')[2]}: ...}}]'"
            )
        else:
            rest.append(text)
    _require_few(axes)
    base = override(base, rest)
    return [base | dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def _axes(compare: Any) -> dict[str, list[Any]]:
    if not isinstance(compare, dict):
        raise ConfigError("compare: expected keys with lists, for example {seed: [0, 1, 2]}")
    return {str(key): _values(str(key), values) for key, values in compare.items()}


def _values(key: str, values: Any) -> list[Any]:
    if not isinstance(values, list) or not values or "." in key:
        raise ConfigError(
            f"compare.{key}: {shown(values)} is not allowed; allowed: a list with at least one "
            "value, of a key of the top level"
        )
    return list(values)


def _require_few(axes: dict[str, list[Any]]) -> None:
    """Counted before any of them is made."""
    count = prod(map(len, axes.values()))
    if count > MOST:
        sizes = " x ".join(f"{len(values):,} {key}" for key, values in axes.items())
        raise ConfigError(
            f"compare: {sizes} are {count:,} runs; allowed: {MOST:,} at most; compare less"
        )


def _name(value: Any) -> Any:
    return value.get("name") if isinstance(value, dict) else value
