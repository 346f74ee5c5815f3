"""Errors of a configuration in words: the key, the value, what is allowed, what may be meant."""

import difflib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import ErrorDetails

from semvet.config.scalars import MisreadError
from semvet.errors import ConfigError

MOST = 20  # lines of one error
LONGEST = 200  # characters of a value or word


def nearest(word: str, allowed: Iterable[str]) -> str:
    """` did you mean X?` and the whole list, for an error about an unknown word."""
    names = sorted(allowed)
    close = difflib.get_close_matches(word[:LONGEST], names, n=1, cutoff=0.5)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}allowed: {', '.join(names) or 'nothing'}"


def shown(value: Any) -> str:
    """The value as Python writes it, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # an int of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def explain(error: ValidationError, *, where: str, model: type[BaseModel]) -> ConfigError:
    """Pydantic's findings as lines of `key: problem; what is allowed`."""
    found = error.errors(include_url=False)
    lines = list(dict.fromkeys(_line(item, where, model) for item in found[:MOST]))
    if len(found) > MOST:
        lines.append(f"{lines[-1].partition(':')[0]}: and {len(found) - MOST:,} more mistakes")
    return ConfigError("\n".join(lines))


def _line(item: ErrorDetails, where: str, model: type[BaseModel]) -> str:
    *outer, last = item["loc"] or ("",)
    unknown = item["type"] == "extra_forbidden"
    path, node = _found(model, outer if unknown else item["loc"])
    key = ".".join([*([where] if where else []), *path, *([str(last)] if unknown else [])])
    value, reason = shown(item["input"]), item.get("ctx", {}).get("error")
    if unknown:
        return f"{key}: unknown key; {nearest(str(last), node.get('properties', {}))}"
    if item["type"] == "missing":
        return f"{key}: must be given; allowed: {_in_words(node)}"
    if isinstance(reason, MisreadError):
        return f"{key}: {value} is not allowed: {reason}"
    return f"{key}: {value} is not allowed; allowed: {_in_words(node) or item['msg'].lower()}"


def allowed(model: type[BaseModel], field: str) -> str:
    """What may be written there, in the words of the errors."""
    return _in_words(_found(model, [field])[1])


def _found(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[list[str], dict[str, Any]]:
    """The path to a value, without pydantic's labels of a union's members; the value's schema."""
    whole = _schema(model)
    path, node = [], whole
    for part in loc:
        options = [node, *node.get("anyOf", [])]
        inner = next(filter(None, (_inside(option, part, whole) for option in options)), None)
        if inner is not None or len(options) == 1:  # else a label
            path.append(str(part))
            node = inner or {}
    return path, node


def _inside(node: dict[str, Any], part: str | int, whole: dict[str, Any]) -> dict[str, Any] | None:
    node = _dereferenced(node, whole)
    inner = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
    return None if inner is None else _dereferenced(inner, whole)


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    try:
        return model.model_json_schema()
    except PydanticInvalidForJsonSchema:  # somebody else's plug-in may take anything
        return {}


def _dereferenced(node: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """With what it, or each of its items, refers to in its place."""
    if "$ref" in node:
        node = whole["$defs"][node["$ref"].rpartition("/")[2]]
    return node | {"items": _dereferenced(node["items"], whole)} if "items" in node else node


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
            return f"a list{_length(schema)}, each {_in_words(items)}"
        case {"properties": {"name": _}}:
            return "a name, or {name: NAME, ARGUMENT: VALUE, ...}"
        case {"properties": keys}:
            return f"{{{', '.join(f'{key}: ...' for key in keys)}}}"
    words = {"boolean": "true or false", "string": "text", "null": "null"}
    return words.get(schema.get("type", ""), "")


def _length(schema: dict[str, Any]) -> str:
    match schema:
        case {"minItems": least, "maxItems": most}:
            return f" of {least} to {most}"
        case {"minItems": least}:
            return f" of at least {least}"
        case {"maxItems": most}:
            return f" of at most {most}"
    return ""
