"""Several runs from one document: every combination of what is compared.

compare: {attack: [bass, sembugger], seed: [0, 1, 2]}      ->      6 runs
"""

from collections.abc import Iterable
from itertools import product
from typing import Any

import yaml

from semvet.config.overrides import override
from semvet.errors import ConfigError


def expand(document: dict[str, Any], assignments: Iterable[str] = ()) -> list[dict[str, Any]]:
    """One document per combination, the last compared key changing fastest.

    An assignment to a compared key replaces its list: `seed=[0,1]`, or `seed=0` for one value.
    Raises ConfigError for a `compare` that is no mapping of keys to lists.
    """
    base = {key: value for key, value in document.items() if key != "compare"}
    axes = _axes(document.get("compare", {}))
    rest = []
    for text in assignments:
        key, _, value = text.partition("=")
        if key in axes:
            chosen = yaml.safe_load(value)
            axes[key] = chosen if isinstance(chosen, list) else [chosen]
        elif (head := key.partition(".")[0]) in axes:
            raise ConfigError(
                f"{key}: {head} is compared; give the arguments in its list, for example "
                f"'{head}=[{{name: {_name(axes[head][0])}, {key.partition('.')[2]}: ...}}]'"
            )
        else:
            rest.append(text)
    base = override(base, rest)
    return [base | dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def _axes(compare: Any) -> dict[str, list[Any]]:
    if not isinstance(compare, dict):
        raise ConfigError("compare: expected keys with lists, for example {seed: [0, 1, 2]}")
    for key, values in compare.items():
        if not isinstance(values, list) or not values or "." in str(key):
            raise ConfigError(
                f"compare.{key}: {values!r} is not allowed; allowed: a list with at least one "
                "value, of a key of the top level"
            )
    return {str(key): list(values) for key, values in compare.items()}


def _name(value: Any) -> Any:
    return value.get("name") if isinstance(value, dict) else value
