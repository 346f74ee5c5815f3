"""What there is, as records: `semvet list` prints them, the tables of docs/plug-ins.md are made of
them. Types, ranges and defaults come from the constructors, the words from the plug-ins' own files.
"""

from enum import Flag
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from semvet.catalog.arguments import Nested, arguments, nested
from semvet.catalog.building import those_with
from semvet.catalog.docstrings import meanings, paper, summary
from semvet.catalog.tables import TABLES, found
from semvet.config import Spec, allowed
from semvet.config.families import FAMILIES, kind_of
from semvet.records.listing import ArgumentRecord, PlugInRecord


def described(family: str) -> tuple[PlugInRecord, ...]:
    """In the order of the table. Raises ConfigError for a family that there is not."""
    table = TABLES[kind_of(family)]
    return tuple(_described(family, name, plug_in) for name, plug_in in table.items())


def described_one(family: str, name: str) -> PlugInRecord:
    """Raises ConfigError with the names that there are."""
    kind = kind_of(family)
    return _described(family, name, found(Spec(name=name), kind, family))


def _described(family: str, name: str, plug_in: type) -> PlugInRecord:
    goal = getattr(plug_in, "goal", None)
    return PlugInRecord(
        family=family,
        name=name,
        what=summary(plug_in),
        paper=paper(plug_in),
        code=f"{plug_in.__module__}:{plug_in.__qualname__}",
        controls=_words(getattr(plug_in, "controls", None)),
        goal=goal if isinstance(goal, str) else None,
        stands_at=_words(getattr(plug_in, "vantage", None)),
        arguments=_arguments(plug_in),
    )


def _words(flags: object) -> tuple[str, ...]:
    if not isinstance(flags, Flag):
        return ()
    return tuple((one.name or "").lower().replace("_", " ") for one in flags)


def _arguments(plug_in: type) -> tuple[ArgumentRecord, ...]:
    model, said, inner = arguments(plug_in), meanings(plug_in), nested(plug_in)
    families = {kind: family for family, kind in FAMILIES.items()}
    return tuple(
        ArgumentRecord(
            name=name,
            meaning=said.get(name, ""),
            allowed=_allowed(model, name, inner.get(name)),
            required=field.is_required(),
            default=None if field.is_required() else _plain(field.default),
            family=families[inner[name].kind] if name in inner else None,
        )
        for name, field in model.model_fields.items()
    )


def _allowed(model: type[BaseModel], name: str, inner: Nested | None) -> str:
    words = allowed(model, name)
    if inner is None or inner.attribute is None:
        return words
    return f"{words}; of {', '.join(those_with(inner.attribute))}"


def _plain(value: object) -> Any:
    return to_jsonable_python(value, fallback=repr)
