"""One run, fully described. A run's identity is the hash of this record, its data and NUMERICS.

    document (YAML, keywords)  --overrides-->  Run  --stages.schema-->  Run, all defaults explicit

This module knows the shape of a run, not the plug-ins: `stages.schema` types their arguments.
"""

import difflib
import hashlib
import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from semvet.errors import ConfigError

NUMERICS = 2  # raised whenever the same record may give other numbers


STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, **STRICT)


class Spec(BaseModel):
    """A plug-in by its table name, with the keyword arguments of its constructor."""

    model_config = ConfigDict(frozen=True, extra="allow")
    name: str

    @property
    def args(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    items = value if isinstance(value, list | tuple) else [value]
    return [_named(item) for item in items]


def number(value: Any) -> Any:
    """Reads ratios such as "1/8"; refuses true and false, which Python counts as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    if isinstance(value, str) and "/" in value:
        try:
            return float(Fraction(value))
        except ZeroDivisionError:
            raise ValueError("division by zero") from None
    return value


PlugIn = Annotated[Spec, BeforeValidator(_named)]
Whole = Annotated[int, BeforeValidator(number)]
Real = Annotated[float, BeforeValidator(number)]


class Training(Record):
    """How a link is trained. Defaults: the quickstart's recipe (docs/decisions.md, D-006)."""

    images: Whole | None = Field(None, ge=64, description="the first so many; none: all there are")
    epochs: Whole = Field(20, ge=0, le=100_000, description="0: the system as it is")
    batch: Whole = Field(48, ge=2, le=65_536)
    learning_rate: Real = Field(3e-3, gt=0, le=1)
    clip_norm: Real = Field(0.05, gt=0, description="largest norm of a step's gradient")
    snr_spread_db: Real = Field(0.0, ge=0, le=30, description="each step at snr_db +- this")
    precision: Literal["auto", "bf16", "fp32"] = "auto"


Study = Literal["cropping", "intensity", "robustness"]


class Evaluation(Record):
    """How a trained link is measured."""

    images: Whole = Field(1000, ge=1, description="test images, at most")
    draws: Whole = Field(10, ge=1, le=1000, description="channel draws per image for PSNR")
    judge: Literal["conformal", "mu-plus-3-sigma", "mu-minus-3-sigma"] = "conformal"
    alpha: Real = Field(0.005, gt=0, lt=0.5, description="benign hit rate that the judge allows")
    outage_psnr_db: Real = Field(20.0, ge=0, le=100, description="received worse: an outage")
    defended_images: Whole = Field(300, ge=1, description="test images for each defense, at most")
    studies: tuple[Study, ...] = get_args(Study)
    study_images: Whole = Field(300, ge=1, description="test images for each study, at most")
    classifier: Literal["none", "small", "regnet-y-200mf", "regnet-y-16gf"] = "none"
    classifier_epochs: Whole = Field(5, ge=1, le=1000)


class TargetImages(Record):
    """Where candidate targets come from. By default random training images, taken out of the data.

    Of a folder or another data set come the first 16; an attack with T levels takes the first T.
    """

    folder: str | None = Field(None, description="of image files, taken in sorted order")
    data: PlugIn | None = Field(None, description="another data set: out of distribution")
    label: Whole | None = Field(None, ge=0, description="only images of this class of `data`")
    fit: bool = Field(False, description="convert and resize to the shape of the run's images")


class Run(Record):
    """Everything that decides the numbers of a run; the device does not belong here.

    Plug-ins are given by name (`"sembugger"`) or as `{"name": ..., argument: value}`.
    Raises pydantic's ValidationError; `make_run` turns it into a ConfigError.
    """

    data: PlugIn = Spec(name="mnist")
    system: PlugIn = Spec(name="jscc")
    channel: PlugIn = Spec(name="awgn")
    snr_db: Real = Field(25.0, ge=-30, le=100)
    attack: PlugIn = Spec(name="none")
    targets: TargetImages = TargetImages()
    defense: Annotated[tuple[Spec, ...], BeforeValidator(_listed)] = (Spec(name="none"),)
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    seed: Whole = Field(0, ge=0, lt=2**63)

    def document(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def under(self, attack: Spec) -> "Run":
        """The same training under another attack, and no defenses."""
        return self.model_copy(update={"attack": attack, "defense": ()})

    def training_record(self) -> dict[str, Any]:
        """What decides the weights: the record without defenses and evaluation."""
        return {k: v for k, v in self.document().items() if k not in ("defense", "evaluation")}


def identity(record: dict[str, Any], data_fingerprint: str) -> str:
    """12 hex digits of SHA-256 over (record, data, numerics version)."""
    whole = {"record": record, "data": data_fingerprint, "numerics": NUMERICS}
    text = json.dumps(whole, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def make_run(document: dict[str, Any]) -> Run:
    """A Run from a plain document. Raises ConfigError that names key, value and allowed range."""
    try:
        return Run.model_validate(document)
    except ValidationError as error:
        raise explain(error, where="", model=Run) from None


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
        node[int(head)] = _named(node[int(head)])
        _assign(node[int(head)], rest, value, key)
    elif not rest:
        node[head] = value
    else:
        child = _named(node.get(head, {}))
        if not isinstance(child, dict | list):
            raise ConfigError(f"{key}: {head} is a plain value and has no keys")
        node[head] = [child] if rest[0].isdecimal() and isinstance(child, dict) else child
        _assign(node[head], rest, value, key)


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
