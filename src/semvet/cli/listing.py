"""`semvet list`: what there is, in words."""

import json
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from semvet.records.listing import ArgumentRecord, PlugInRecord, PresetRecord


def print_all(console: Console, family: str, found: Sequence[PlugInRecord | PresetRecord]) -> None:
    table = _columns()
    for one in found:
        table.add_row(one.name, one.what)
    console.print(table)
    console.print(f"`semvet list {family} NAME` says all of one", style="dim")


def print_one(console: Console, one: PlugInRecord | PresetRecord) -> None:
    console.print(one.name, style="bold")
    if isinstance(one, PresetRecord):
        console.print(one.comment)
        console.print(f"\n{one.text}", soft_wrap=True)
        return
    console.print(one.what)
    facts = _columns()
    for word, fact in _facts(one):
        facts.add_row(word, fact)
    console.print(Padding(facts, (1, 0)))
    table = _columns()
    for argument in one.arguments:
        table.add_row(argument.name, f"{argument.meaning}\n{_range(argument)}")
    console.print(table if one.arguments else "no arguments")


def _facts(one: PlugInRecord) -> Iterator[tuple[str, str]]:
    if one.paper:
        yield "paper", one.paper
    if one.goal is not None:
        yield "controls", ", ".join(one.controls) or "nothing"
        yield "goal", one.goal
    if one.family == "defenses":
        yield "stands at", ", ".join(one.stands_at) or "depends on its arguments"
    yield "code", one.code


def _range(argument: ArgumentRecord) -> str:
    inner = f" (`semvet list {argument.family}`)" if argument.family else ""
    if argument.required:
        return f"{argument.allowed}{inner}; must be given"
    plain = argument.default
    default = plain if isinstance(plain, str) else json.dumps(plain)
    return f"{argument.allowed}{inner}; default {default}"


def _columns() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table
