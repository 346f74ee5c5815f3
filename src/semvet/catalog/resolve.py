"""A run checked against the plug-ins' constructors before anything starts.

`resolve` returns it with every default written out, which is what a run's identity hashes.
"""

from typing import Any

from pydantic import ValidationError

from semvet.attacks import ATTACKS
from semvet.catalog.arguments import Nested, arguments, nested
from semvet.catalog.pins import pins_of, require_same, unpinned
from semvet.catalog.tables import found
from semvet.config import Run, Spec, TargetImages, explain, make_run
from semvet.errors import ConfigError


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


def _resolve_one(spec: Spec, kind: str, where: str) -> Spec:
    if kind == "data" and "/" in spec.name:  # a data set of the hub, by its name
        spec = Spec(**{"path": spec.name, **spec.args, "name": "huggingface"})
    plug_in = found(spec, kind, where)
    model = arguments(plug_in)
    args, given = unpinned(plug_in, spec)
    try:
        typed = model.model_validate(args)
    except ValidationError as error:
        raise explain(error, where=where, model=model) from None
    checked = typed.model_dump(mode="json")
    for name, inner in nested(plug_in).items():
        checked[name] = _inside(getattr(typed, name), inner, f"{where}.{name}")
    pins = pins_of(plug_in, typed, where)
    require_same(given, pins, where)
    return Spec(name=spec.name, **checked, **{key: pin.sha256 for key, pin in pins.items()})


def _inside(value: Any, inner: Nested, where: str) -> Any:
    if inner.several:
        return [
            _resolve_one(v, inner.kind, f"{where}.{i}").model_dump() for i, v in enumerate(value)
        ]
    return _resolve_one(value, inner.kind, where).model_dump()


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
