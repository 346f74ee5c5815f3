"""Exhibits of a record on their way into a report: each with the name of its picture's file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from semvet.records import Column, Table
from semvet.records.exhibits import Exhibit
from semvet.reports.numbers import FILTERS, Number
from semvet.reports.reading import Reading

Named = tuple[Exhibit, str]  # and its picture's name


def of_studies(reading: Reading) -> list[list[Named]]:
    """In the order of the record's studies."""
    return [_named(one.exhibits, one.name) for one in reading.record.studies]


def of_defenses(reading: Reading) -> list[tuple[str, list[Named]]]:
    """With the defense's label; those that have something to show."""
    return [
        (one.label, _named(one.record.exhibits, f"defense-{one.index}"))
        for one in reading.defenses
        if one.record.exhibits
    ]


def _named(exhibits: Iterable[Exhibit], of: str) -> list[Named]:
    named: dict[str, Exhibit] = {}
    for one in exhibits:
        name = picture_name(of) if one.key == of else picture_name(of, one.key)
        twin = sum(other.partition(".")[0] == name for other in named)
        named[f"{name}.{twin + 1}" if twin else name] = one
    return [(one, name) for name, one in named.items()]


def picture_name(*parts: str) -> str:
    """Of a file: a record from elsewhere may hold anything, `../` too."""
    return "-".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") or "x" for part in parts)


@dataclass(frozen=True)
class Group:
    title: str
    columns: tuple[Column, ...]


def groups(table: Table) -> list[Group]:
    """Neighbouring columns that have one heading."""
    together = groupby(table.columns, key=lambda column: column.group)
    return [Group(title, tuple(columns)) for title, columns in together]


def cell(column: Column, row: int) -> str:
    value: Number | str = column.values[row]
    return value if isinstance(value, str) else FILTERS[_writer(column)](value)


def _writer(column: Column) -> str:
    return "short" if column.form == "text" else column.form
