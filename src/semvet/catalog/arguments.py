"""An annotated constructor as a typed model.

A constructor's keyword-only arguments are its configuration: their annotations give types and
ranges, their defaults the defaults.
"""

import inspect
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, create_model

from semvet.attacks import Attack
from semvet.config import STRICT, PlugIn, readable
from semvet.defenses import Defense, Detector
from semvet.errors import ConfigError
from semvet.types import Transform


class Nested(NamedTuple):
    """An argument that is a plug-in itself, written as one: its name, or that and its arguments."""

    kind: str
    several: bool = False
    attribute: str | None = None  # of the plug-in, which is what the constructor is handed


NESTED: dict[Any, Nested] = {
    Attack: Nested("attack"),
    Transform: Nested("defense", attribute="transform"),  # what an attacker may know of it
    Detector: Nested("defense", attribute="statistic"),
    tuple[Defense, ...]: Nested("defense", several=True),
}


@cache
def arguments(plug_in: type) -> type[BaseModel]:
    """A pydantic model of the plug-in's keyword-only arguments.

    One annotated `Attack` is written as an attack, with its name and arguments; one annotated
    `Transform` or `Detector` as the defense that it belongs to.
    """
    fields: dict[str, Any] = {}
    for name, parameter in _keywords(plug_in).items():
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        hint: Any = parameter.annotation
        if hint is parameter.empty or name == "name":
            raise ConfigError(
                f"plug-in {plug_in.__module__}.{plug_in.__qualname__}: its argument {name!r} needs "
                "a type, and any name but 'name'; correct or uninstall it"
            )
        if hint in NESTED:
            hint = tuple[PlugIn, ...] if NESTED[hint].several else PlugIn
        fields[name] = (readable(hint), default)
    return create_model(plug_in.__name__, __config__=STRICT, **fields)


@cache
def nested(plug_in: type) -> dict[str, Nested]:
    """Those of its arguments that are plug-ins themselves."""
    hints = {name: parameter.annotation for name, parameter in _keywords(plug_in).items()}
    return {name: NESTED[hint] for name, hint in hints.items() if hint in NESTED}


def _keywords(plug_in: type) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(plug_in, eval_str=True).parameters
    return {name: p for name, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
