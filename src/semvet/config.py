"""One run, fully described. A run's identity is the hash of this record, its data and NUMERICS.

    document (YAML, keyword arguments)  --overrides-->  Run  --stages.schema-->  Run, all defaults explicit

This module knows the shape of a run, not the plug-ins: `stages.schema` types their arguments.
"""

import difflib
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from semvet.errors import ConfigError

NUMERICS = 1  # raised whenever the same record may give other numbers


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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


PlugIn = Annotated[Spec, BeforeValidator(_named)]


class Training(Record):
    """How a link is trained. Defaults: the quickstart's recipe (docs/decisions.md, D-006)."""

    epochs: int = Field(20, ge=1, le=100_000)
    batch: int = Field(64, ge=2, le=65_536)
    learning_rate: float = Field(4e-3, gt=0, le=1)
    precision: Literal["auto", "bf16", "fp32"] = "auto"


class Evaluation(Record):
    """How a trained link is measured."""

    images: int = Field(1000, ge=1, description="test images, at most")
    draws: int = Field(10, ge=1, le=1000, description="channel draws per image for PSNR")
    judge: Literal["conformal", "mu-plus-3-sigma", "mu-minus-3-sigma"] = "conformal"
    alpha: float = Field(0.005, gt=0, lt=0.5, description="benign hit rate that the judge allows")
    defended_images: int = Field(300, ge=1, description="test images for each defense, at most")


class Run(Record):
    """Everything that decides the numbers of a run; the device does not belong here.

    Plug-ins are given by name (`"sembugger"`) or as `{"name": ..., argument: value}`.
    Raises pydantic's ValidationError; `make_run` turns it into a ConfigError.
    """

    data: PlugIn = Spec(name="mnist")
    system: PlugIn = Spec(name="jscc")
    channel: PlugIn = Spec(name="awgn")
    snr_db: float = Field(25.0, ge=-30, le=100)
    attack: PlugIn = Spec(name="none")
    defense: Annotated[tuple[Spec, ...], BeforeValidator(_listed)] = (Spec(name="none"),)
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    seed: int = Field(0, ge=0, lt=2**63)

    def document(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def clean(self) -> "Run":
        """The null control: the same run without an attack."""
        return self.model_copy(update={"attack": Spec(name="none"), "defense": ()})

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


def override(document: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """`document` with each `dotted.key=value` applied in order; values are read as YAML."""
    result = json.loads(json.dumps(document))
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigError(f"{text!r}: expected key=value, for example snr_db=5")
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"{key}: {value!r} is not a YAML value") from None
        _assign(result, key.split("."), parsed, key)
    return result


def _assign(node: Any, path: Sequence[str], value: Any, key: str) -> None:
    head, *rest = path
    if isinstance(node, list):
        if not head.isdigit() and len(node) == 1:  # defense.sigma=.1 where there is one defense
            head, rest = "0", list(path)
        if not head.isdigit() or int(head) >= len(node):
            raise ConfigError(f"{key}: a list of {len(node)}; say which, 0 to {len(node) - 1}")
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
        node[head] = child
        _assign(child, rest, value, key)


def nearest(word: str, allowed: Iterable[str]) -> str:
    """` did you mean X?` and the whole list, for an error about an unknown word."""
    names = sorted(allowed)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}allowed: {', '.join(names) or 'none'}"


def explain(error: ValidationError, *, where: str, model: type[BaseModel]) -> ConfigError:
    """Pydantic's findings as lines of `key: problem; what is allowed`."""
    lines = []
    for item in error.errors():
        loc = [str(part) for part in item["loc"]]
        key = ".".join([*([where] if where else []), *loc])
        match item["type"]:
            case "extra_forbidden":
                lines.append(f"{key}: unknown key; {nearest(loc[-1], _keys(model, loc[:-1]))}")
            case "missing":
                lines.append(f"{key}: must be given")
            case _:
                asked = item["input"]
                lines.append(f"{key}: {asked!r} is not allowed: {item['msg'].lower()}")
    return ConfigError("\n".join(lines))


def _keys(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    for part in path:
        field = model.model_fields.get(part)
        if field is None or not isinstance(field.annotation, type):
            return []
        if not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return list(model.model_fields)
