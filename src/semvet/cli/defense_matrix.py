"""The matrix of defenses and attacks: `semvet leaderboard defenses`."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from semvet.cli.tables import make_table
from semvet.records.standings import Cell, DefenseMatrix


def print_matrices(console: Console, found: Sequence[DefenseMatrix]) -> None:
    if not found:
        console.print("no finished runs with defenses; `semvet run frontier` makes one")
    for matrix in found:
        numbers = [str(i) for i, _ in enumerate(matrix.attacks, start=1)]
        table = make_table("defense", *numbers, whole=numbers)
        table.padding = (0, 1, 0, 0)
        for row in matrix.rows:
            name = row.label.replace(" + ", "\n+ ").replace(" ", "\n  ")
            table.add_row(name, *map(_cell, row.cells))
        console.print(matrix.setting, style="bold", soft_wrap=True)
        console.print(table)
        for number, attack in zip(numbers, matrix.attacks, strict=True):
            console.print(f"{number}  {attack}", soft_wrap=True)
        console.print(
            "ASR left, worst level and seed; below it the dB that benign images lose; bold: at "
            f"most {matrix.gone_excess:g} above the benign rate",
            soft_wrap=True,
        )


def _cell(cell: Cell | None) -> Text:
    if cell is None:
        return Text("")
    style = "bold" if cell.gone else ""
    return Text(f"{cell.asr:.2f}\n{cell.loss_db:.1f}", style=style)
