"""The measured calibration curves as a table and as pictures, beside what is published.

python -m benchmarks.calibration_table       results/calibration/*.json -> docs/calibration/*.png
"""

import json
from pathlib import Path
from typing import Any

import matplotlib.style
from rich.console import Console
from rich.table import Table

from semvet.reports.pictures.look import CLEAN, CURVES, DPI, FAINT, STYLE, Frame

ROOT = Path(__file__).parents[1]
RESULTS, PICTURES = ROOT / "results" / "calibration", ROOT / "docs" / "calibration"
SNRS_DB = (4.0, 7.0, 10.0, 16.0, 22.0)
RATIOS = (1 / 12, 1 / 6)
# PSNR of the mean MSE in dB, fully trained jscc on the original CIFAR-10
PRINTED = {
    1 / 6: dict(zip(SNRS_DB, (26.1, 28.1, 29.7, 32.5, 34.2), strict=True)),
    1 / 12: dict(zip(SNRS_DB, (23.8, 25.4, 26.8, 28.8, 29.7), strict=True)),
}
NAMES = {1 / 6: "k/n 1/6", 1 / 12: "k/n 1/12"}


def read() -> dict[str, list[dict[str, Any]]]:
    """Curves by system, in the order of RATIOS."""
    files = sorted(RESULTS.glob("*.json"), key=lambda file: file.stem)
    return {f.stem: json.loads(f.read_text()) for f in files if f.stem != "point"}


def values(curve: dict[str, Any]) -> list[float]:
    return [point["psnr_of_mean_mse_db"] for point in curve["points"]]


def print_table() -> None:
    found = read()
    table = Table("system", "k/n", "parameters", "training s", *(f"{s:g} dB" for s in SNRS_DB))
    for name, curves in found.items():
        for ratio, curve in zip(RATIOS, curves, strict=True):
            table.add_row(
                name, NAMES[ratio], f"{curve['parameters']:,}", f"{curve['training_seconds']:.0f}",
                *(f"{v:.2f}" for v in values(curve)),
            )  # fmt: skip
    for ratio in RATIOS:
        row = [f"{PRINTED[ratio][s]:.1f}" for s in SNRS_DB]
        table.add_row("published jscc", NAMES[ratio], "", "", *row)
    console = Console(width=110)
    console.print("PSNR of the mean MSE in dB, over SNR", table)
    point = RESULTS / "point.json"
    if point.exists():
        one = json.loads(point.read_text())
        console.print(
            f"jscc, k/n 1/6, 10 dB, {one['preset']['epochs']} epochs, n = {one['n']:,}: "
            f"{one['psnr_of_mean_mse_db']:.2f} dB, {one['gap_to_table_db']:+.2f} dB to the table "
            f"(accepted: -2.6 to -0.2): {'yes' if one['accepted'] else 'NO'}"
        )


def draw(name: str, found: dict[str, list[dict[str, Any]]]) -> Any:
    figure, panels = Frame(7.4, 3.1, left=0.6, bottom=0.55).panels(1, 2, sharey=True)
    for axes, ratio, i in zip(panels, RATIOS, range(2), strict=True):
        lines = [(name, CURVES[1] if name != "jscc" else CLEAN, "o-", 1.8)]
        if name != "jscc":
            lines.append(("jscc", CLEAN, "s-", 1.2))
        lines.append(("separate", FAINT, "^--", 1.2))
        for line, colour, style, width in lines:
            if line in found:
                y = values(found[line][i])
                label = "WebP at capacity" if line == "separate" else line
                axes.plot(SNRS_DB, y, style, color=colour, lw=width, ms=4, label=label)
        y = [PRINTED[ratio][s] for s in SNRS_DB]
        axes.plot(SNRS_DB, y, ":", color=CURVES[2], label="jscc, published")
        if name == "jscc" and ratio == 1 / 6 and (RESULTS / "point.json").exists():
            one = json.loads((RESULTS / "point.json").read_text())
            label = f"jscc, {one['preset']['epochs']} epochs, one SNR"
            axes.plot(
                one["snr_db"], one["psnr_of_mean_mse_db"], "*", color=CLEAN, ms=11, label=label
            )
        axes.set_title(f"{NAMES[ratio]} (the papers' CR {NAMES_CR[ratio]})")
        axes.set_xlabel("SNR (dB)")
        axes.set_xticks(SNRS_DB)
        axes.grid(True)
    panels[0].set_ylabel("PSNR of the mean MSE (dB)")
    panels[1].legend(loc="lower right")
    return figure


NAMES_CR = {1 / 6: "1/3", 1 / 12: "1/6"}


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    found = read()
    for name in found:
        with matplotlib.style.context(["default", STYLE]):
            figure = draw(name, found)
            figure.savefig(PICTURES / f"{name}.png", dpi=DPI, metadata={"Software": None})
    print_table()


if __name__ == "__main__":
    main()
