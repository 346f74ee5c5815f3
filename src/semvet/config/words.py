"""Errors of a configuration in words: the key, the value, what is allowed, what may be meant."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from semvet.errors import ConfigError


def nearest(word: str, allowed: Iterable[str]) -> str:
    """` did you mean X?` and the whole list, for an error about an unknown word."""
    names = sorted(allowed)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}allowed: {', '.join(names) or 'nothing'}"


def explain(error: ValidationError, *, where: str, model: type[BaseModel]) -> ConfigError:
    """Pydantic's findings as lines of `key: problem; what is allowed`."""
    lines = []
    for item in error.errors():
        path = item["loc"]
        key = ".".join([*([where] if where else []), *map(str, path)])
        match item["type"]:
            case "extra_forbidden":
                known = _schema(model, path[:-1]).get("properties", {})
                lines.append(f"{key}: unknown key; {nearest(str(path[-1]), known)}")
            case "missing":
                lines.append(f"{key}: must be given; allowed: {_in_words(_schema(model, path))}")
            case _:
                allowed = _in_words(_schema(model, path)) or item["msg"].lower()
                lines.append(f"{key}: {item['input']!r} is not allowed; allowed: {allowed}")
    return ConfigError("\n".join(lines))


def _schema(model: type[BaseModel], path: Sequence[str | int]) -> dict[str, Any]:
    """The JSON schema of the value at `path`; empty where there is none."""
    try:
        whole = model.model_json_schema()
    except PydanticInvalidForJsonSchema:  # somebody else's plug-in may take anything
        return {}
    node = whole
    for part in path:
        inner = {part: node.get("items")} if isinstance(part, int) else node.get("properties", {})
        node = inner.get(part) or {}
        if "$ref" in node:
            node = whole["$defs"][node["$ref"].rpartition("/")[2]]
    return node


LIMITS = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
    "multipleOf": "a multiple of",
}


def _in_words(schema: dict[str, Any]) -> str:
    """For example "a whole number >= 1 and <= 8"."""
    limits = " and ".join(f"{sign} {schema[k]}" for k, sign in LIMITS.items() if k in schema)
    match schema:
        case {"anyOf": options}:
            return " or ".join(map(_in_words, options))
        case {"enum": values}:
            return ", ".join(map(str, values))
        case {"const": value}:
            return str(value)
        case {"type": "integer"}:
            return f"a whole number {limits}".strip()
        case {"type": "number"}:
            return f"a number {limits}".strip()
        case {"type": "array", "items": items}:
            return f"a list, each {_in_words(items)}"
        case {"properties": {"name": _}}:
            return "a name, or {name: NAME, ARGUMENT: VALUE, ...}"
        case {"properties": keys}:
            return f"{{{', '.join(f'{key}: ...' for key in keys)}}}"
    words = {"boolean": "true or false", "string": "text", "null": "null"}
    return words.get(schema.get("type", ""), "")
