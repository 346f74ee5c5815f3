"""The matrix of defenses and attacks: `semvet leaderboard defenses`."""

import json
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from semvet.cli.tables import make_table
from semvet.reports.standings.defenses import Cell, Matrix
from semvet.reports.verdict import GONE


def as_json(found: list[Matrix]) -> str:
    return json.dumps([asdict(one) for one in found], indent=2)


def print_matrices(console: Console, found: list[Matrix]) -> None:
    if not found:
        console.print("no finished runs with defenses; `semvet run frontier` makes one")
    for matrix in found:
        numbers = [str(i) for i, _ in enumerate(matrix.attacks, start=1)]
        table = make_table("defense", *numbers, whole=numbers)
        table.padding = (0, 1, 0, 0)
        for name, cells in matrix.rows.items():
            shown = [_cell(cells.get(attack)) for attack in matrix.attacks]
            table.add_row(name.replace(" + ", "\n+ ").replace(" ", "\n  "), *shown)
        console.print(matrix.setting, style="bold", soft_wrap=True)
        console.print(table)
        for number, attack in zip(numbers, matrix.attacks, strict=True):
            console.print(f"{number}  {attack}", soft_wrap=True)
        console.print(
            "ASR left, worst level and seed; below it the dB that benign images lose; bold: at "
            f"most {GONE:g} above the benign rate",
            soft_wrap=True,
        )


def _cell(cell: Cell | None) -> Text:
    if cell is None:
        return Text("")
    style = "bold" if cell.excess <= GONE else ""
    return Text(f"{cell.asr:.2f}\n{cell.loss_db:.1f}", style=style)
