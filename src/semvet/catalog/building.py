"""Objects from a resolved run's specifications."""

from typing import Any

from semvet.attacks import Attack
from semvet.catalog.arguments import Nested, arguments, nested
from semvet.catalog.pins import pins_of, require_same, unpinned
from semvet.catalog.tables import TABLES
from semvet.channels import Channel
from semvet.config import Spec
from semvet.data import Source
from semvet.defenses import Defense
from semvet.errors import ConfigError
from semvet.systems import System
from semvet.types import ImageShape, Targets

LACKS = {  # a defense without what an attacker may know of it
    "transform": "does not change the image that is sent",
    "statistic": "looks at no single image that is about to be sent",
}


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


def _build(kind: str, spec: Spec, *given: Any) -> Any:
    plug_in = TABLES[kind][spec.name]
    args, recorded = unpinned(plug_in, spec)
    typed = arguments(plug_in).model_validate(args)
    if recorded:  # a file may have been changed since the run was resolved
        require_same(recorded, pins_of(plug_in, typed, kind), kind)
    values = typed.model_dump()
    for name, inner in nested(plug_in).items():
        values[name] = _inside(getattr(typed, name), inner, f"{kind}.{name}", given)
    return plug_in(*given, **values)


def _inside(value: Any, inner: Nested, where: str, given: tuple[Any, ...]) -> Any:
    if inner.several:
        return tuple(_build(inner.kind, spec) for spec in value)
    if inner.attribute is None:
        return _build(inner.kind, value, *given)
    known = getattr(_build(inner.kind, value), inner.attribute)
    if known is None:
        allowed = ", ".join(those_with(inner.attribute))
        raise ConfigError(f"{where}: {value.name} {LACKS[inner.attribute]}; allowed: {allowed}")
    return known


def those_with(attribute: str) -> list[str]:
    """The defenses that have it, as far as that is known without arguments that must be given."""
    return sorted(name for name in TABLES["defense"] if _has(name, attribute))


def _has(name: str, attribute: str) -> bool:
    fields = arguments(TABLES["defense"][name]).model_fields.values()
    needed = any(field.is_required() for field in fields)
    return not needed and getattr(make_defense(Spec(name=name)), attribute) is not None
