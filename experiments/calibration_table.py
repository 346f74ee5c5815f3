"""The measured calibration curves as a table and as pictures, beside what is published.

    python -m experiments.calibration_table

results/calibration/*.json -> docs/calibration/*.png
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from experiments.command import parser, start
from experiments.records.calibration import (
    CALIBRATION,
    RATIOS,
    SNRS_DB,
    Curve,
    SinglePoint,
    read_curves,
    read_point,
)
from experiments.records.files import DOCS, write
from semvet.errors import StoreError
from semvet.reports.pictures.look import CLEAN, CURVES, FAINT, Frame, png

PICTURES = DOCS / "calibration"
# PSNR of the mean MSE in dB, fully trained jscc on the original CIFAR-10
PRINTED = {
    1 / 6: dict(zip(SNRS_DB, (26.1, 28.1, 29.7, 32.5, 34.2), strict=True)),
    1 / 12: dict(zip(SNRS_DB, (23.8, 25.4, 26.8, 28.8, 29.7), strict=True)),
}
NAMES = {1 / 6: "k/n 1/6", 1 / 12: "k/n 1/12"}
NAMES_CR = {1 / 6: "1/3", 1 / 12: "1/6"}
Found = Mapping[str, tuple[Curve, ...]]  # by system, in the order of RATIOS


def print_table(folder: Path) -> None:
    table = Table("system", "k/n", "parameters", "training s", *(f"{s:g} dB" for s in SNRS_DB))
    for name, curves in read_curves(folder).items():
        for ratio, curve in zip(RATIOS, curves, strict=True):
            table.add_row(
                name, NAMES[ratio], f"{curve.parameters:,}", f"{curve.training_seconds:.0f}",
                *(f"{v:.2f}" for v in curve.psnr_db),
            )  # fmt: skip
    for ratio in RATIOS:
        row = [f"{PRINTED[ratio][s]:.1f}" for s in SNRS_DB]
        table.add_row("published jscc", NAMES[ratio], "", "", *row)
    console = Console(width=110)
    console.print("PSNR of the mean MSE in dB, over SNR", table)
    if one := read_point(folder):
        console.print(
            f"jscc, k/n 1/6, 10 dB, {one.preset.epochs} epochs, n = {one.n:,}: "
            f"{one.psnr_of_mean_mse_db:.2f} dB, {one.gap_to_table_db:+.2f} dB to the table "
            f"(accepted: -2.6 to -0.2): {'yes' if one.accepted else 'NO'}"
        )


def draw(name: str, point: SinglePoint | None, found: Found) -> Figure:
    """Args:
    point: of jscc, drawn in its picture alone.
    """
    figure, panels = Frame(7.4, 3.1, left=0.6, bottom=0.55).panels(1, 2, sharey=True)
    for axes, ratio, i in zip(panels, RATIOS, range(2), strict=True):
        lines = [(name, CURVES[1] if name != "jscc" else CLEAN, "o-", 1.8)]
        if name != "jscc":
            lines.append(("jscc", CLEAN, "s-", 1.2))
        lines.append(("separate", FAINT, "^--", 1.2))
        for line, colour, style, width in lines:
            if line in found:
                y = found[line][i].psnr_db
                label = "WebP at capacity" if line == "separate" else line
                axes.plot(SNRS_DB, y, style, color=colour, lw=width, ms=4, label=label)
        y = [PRINTED[ratio][s] for s in SNRS_DB]
        axes.plot(SNRS_DB, y, ":", color=CURVES[2], label="jscc, published")
        if name == "jscc" and ratio == 1 / 6 and point:
            label = f"jscc, {point.preset.epochs} epochs, one SNR"
            axes.plot(point.snr_db, point.psnr_of_mean_mse_db, "*", color=CLEAN, ms=11, label=label)
        axes.set_title(f"{NAMES[ratio]} (the papers' CR {NAMES_CR[ratio]})")
        axes.set_xlabel("SNR (dB)")
        axes.set_xticks(SNRS_DB)
        axes.grid(True)
    panels[0].set_ylabel("PSNR of the mean MSE (dB)")
    panels[1].legend(loc="lower right")
    return figure


def main(words: Sequence[str] | None = None) -> None:
    ask = parser("calibration_table", __doc__)
    ask.add_argument("--results", type=Path, default=CALIBRATION, help="another folder of figures")
    ask.add_argument("--out", type=Path, default=PICTURES, help="another folder of pictures")
    asked = ask.parse_args(words)
    found, point = read_curves(asked.results), read_point(asked.results)
    if not found:
        raise StoreError(f"{asked.results}: no curves; `experiments.calibrate` makes some")
    for name in found:
        picture = png(partial(draw, name, point), found)
        assert picture is not None
        write(asked.out / f"{name}.png", picture)
    print_table(asked.results)


if __name__ == "__main__":
    start(main)
