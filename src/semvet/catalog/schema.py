"""The typed schema of a run, made from the plug-ins' own constructors.

A constructor's keyword-only arguments are its configuration: their annotations give types and
ranges, their defaults the defaults. `resolve` checks a run against them before anything starts
and returns it with every default written out, which is what a run's identity hashes.
"""

import inspect
from collections.abc import Mapping
from functools import cache, partial
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ValidationError, create_model

from semvet.attacks import ATTACKS, Attack
from semvet.channels import CHANNELS, Channel
from semvet.config import (
    STRICT,
    PlugIn,
    Run,
    Spec,
    TargetImages,
    explain,
    make_run,
    nearest,
    readable,
)
from semvet.data import DATASETS, Source
from semvet.defenses import DEFENSES, Defense, Detector
from semvet.errors import ConfigError
from semvet.systems import SYSTEMS, System
from semvet.types import ImageShape, Targets, Transform

TABLES: dict[str, Mapping[str, type]] = {
    "data": DATASETS,
    "system": SYSTEMS,
    "channel": CHANNELS,
    "attack": ATTACKS,
    "defense": DEFENSES,
}


PARTS = tuple[Defense, ...]
NESTED: dict[Any, str] = {  # arguments that are plug-ins themselves
    Attack: "attack",
    Transform: "defense",
    Detector: "defense",
    PARTS: "defense",
}
KNOWN: dict[Any, tuple[str, str]] = {  # what an attacker may know of a defense, and its name there
    Transform: ("transform", "does not change the image that is sent"),
    Detector: ("statistic", "looks at no single image that is about to be sent"),
}


@cache
def arguments(plug_in: type) -> type[BaseModel]:
    """A pydantic model of the plug-in's keyword-only arguments.

    One annotated `Attack` is written as an attack, with its name and arguments; one annotated
    `Transform` or `Detector` as the defense that it belongs to.
    """
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(plug_in, eval_str=True).parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        hint: Any = parameter.annotation
        if hint is parameter.empty or name == "name":
            raise ConfigError(
                f"plug-in {plug_in.__module__}.{plug_in.__qualname__}: its argument {name!r} needs "
                "a type, and any name but 'name'; correct or uninstall it"
            )
        hint = readable(hint)
        if hint in NESTED:
            owner = "defense" if issubclass(plug_in, Defense) else "attack"
            resolved = AfterValidator(partial(_resolved_inside, NESTED[hint], f"{owner}.{name}"))
            one = Annotated[PlugIn, resolved]
            hint = tuple[one, ...] if hint == PARTS else one
        fields[name] = (hint, default)
    return create_model(plug_in.__name__, __config__=STRICT, **fields)


def _resolved_inside(kind: str, where: str, spec: Spec) -> Spec:
    return _resolve_one(spec, kind, where)


def _resolve_one(spec: Spec, kind: str, where: str) -> Spec:
    table = TABLES[kind]
    if kind == "data" and "/" in spec.name:  # a data set of the hub, by its name
        spec = Spec(**{"path": spec.name, **spec.args, "name": "huggingface"})
    if spec.name not in table:
        raise ConfigError(f"{where}: no {kind} named {spec.name!r}; {nearest(spec.name, table)}")
    plug_in = table[spec.name]
    model = arguments(plug_in)
    try:
        checked = model.model_validate(spec.args).model_dump(mode="json")
    except ValidationError as error:
        raise explain(error, where=where, model=model) from None
    if hasattr(plug_in, "pinned"):  # adds the SHA-256 of files that the arguments refer to
        checked = plug_in.pinned(checked)
    return Spec(name=spec.name, **checked)


def resolve(run: Run | dict[str, Any]) -> Run:
    """The run with every default explicit.

    Raises ConfigError that names the key, the value and what is allowed.
    """
    run = make_run(run) if isinstance(run, dict) else run
    plug_ins: dict[str, Any] = {
        kind: _resolve_one(getattr(run, kind), kind, kind)
        for kind in ("data", "system", "channel", "attack")
    }
    several = len(run.defense) > 1
    plug_ins["defense"] = tuple(
        _resolve_one(spec, "defense", f"defense.{i}" if several else "defense")
        for i, spec in enumerate(run.defense)
    )
    if run.targets.data:
        source = _resolve_one(run.targets.data, "data", "targets.data")
        plug_ins["targets"] = run.targets.model_copy(update={"data": source})
    _require_one_source(run.targets)
    return run.model_copy(update=plug_ins)


def _require_one_source(targets: TargetImages) -> None:
    if targets.folder and targets.data:
        raise ConfigError("targets.folder and targets.data are both given; leave one out")
    if targets.label is not None and not targets.data:
        raise ConfigError(
            "targets.label: only with targets.data, for example targets.data=mnist targets.label=5"
        )


def null_control(run: Run) -> Run:
    """The run's training without its attack, or with the attack turned into its own control."""
    null = ATTACKS[run.attack.name].null
    spec = Spec(name="none") if null is None else Spec(**{**run.attack.model_dump(), **null})
    return resolve(run.under(spec))


def _build(kind: str, spec: Spec, *given: Any) -> Any:
    plug_in = TABLES[kind][spec.name]
    given_by_name = arguments(plug_in).model_validate(spec.args)
    values = given_by_name.model_dump()
    for name, parameter in inspect.signature(plug_in, eval_str=True).parameters.items():
        hint = parameter.annotation
        nested: Any = getattr(given_by_name, name, None)
        if hint is Attack:
            values[name] = _build("attack", nested, *given)
        elif hint in KNOWN:
            values[name] = _known(nested, hint, f"{kind}.{name}")
        elif hint == PARTS:
            values[name] = tuple(make_defense(spec) for spec in nested)
    return plug_in(*given, **values)


def _known(spec: Spec, hint: Any, where: str) -> Any:
    attribute, lacks = KNOWN[hint]
    found = getattr(make_defense(spec), attribute)
    if found is None:
        able = sorted(name for name in DEFENSES if _has(name, attribute))
        raise ConfigError(f"{where}: {spec.name} {lacks}; allowed: {', '.join(able)}")
    return found


def _has(name: str, attribute: str) -> bool:
    needed = any(f.is_required() for f in arguments(DEFENSES[name]).model_fields.values())
    return not needed and getattr(make_defense(Spec(name=name)), attribute) is not None


def make_source(spec: Spec) -> Source:
    return _build("data", spec)


def make_system(spec: Spec, shape: ImageShape) -> System:
    return _build("system", spec, shape)


def make_channel(spec: Spec) -> Channel:
    return _build("channel", spec)


def make_attack(spec: Spec, targets: Targets) -> Attack:
    return _build("attack", spec, targets)


def make_defense(spec: Spec) -> Defense:
    return _build("defense", spec)
