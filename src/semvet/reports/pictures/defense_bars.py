"""Every defense beside no defense: what still answers, what misfires, what it costs.

The clean system behind the same defense, judged by its own judge, is the null control.

ASR by level           benign images received as target k        PSNR of benign images
"""

from dataclasses import dataclass
from math import ceil
from textwrap import fill
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from semvet.records import Rate, SystemFigures
from semvet.reports.numbers import rate
from semvet.reports.pictures.look import ATTACKED, CLEAN, FAINT, INK, Frame, level_colour
from semvet.reports.reading import Reading

Key = Literal["asr", "benign"]
NAME_WIDTH = 24  # characters
COLUMNS = 8  # of the legend
CLEAN_MARK: dict[str, Any] = {
    "color": CLEAN, "marker": "D", "markerfacecolor": "white", "linestyle": "", "clip_on": False,
    "zorder": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One row of the picture."""

    label: str
    attacked: SystemFigures  # as measured there
    clean: SystemFigures


def draw_defenses(reading: Reading) -> Figure | None:
    if not reading.at_work:
        return None
    lines = lines_of(reading)
    height = len(lines) * max(0.62, 0.14 * len(reading.levels) + 0.16)
    legend = _legend(reading)
    frame = Frame(
        10.4, 1.15 + height, left=1.85, top=0.35, bottom=0.6 + 0.2 * ceil(len(legend) / COLUMNS)
    )
    figure, (asr, benign, psnr) = frame.panels(
        1, 3, sharey=True, width_ratios=(3, 3, 2.4), gridspec_kw={"wspace": 0.13}
    )
    _rates(asr, reading, lines, "asr")
    asr.set_title("ASR" if len(reading.levels) == 1 else "ASR by trigger level")
    asr.set_xlabel(f"share of triggered images (n = {lines[0].attacked.n})")
    _rates(benign, reading, lines, "benign")
    benign.set_title(f"Benign images received as {reading.words.aim}")
    benign.set_xlabel(f"share of benign images (n = {lines[0].attacked.n})")
    _psnr(psnr, lines)
    asr.set_yticks(range(len(lines)), [fill(line.label, NAME_WIDTH) for line in lines])
    asr.set_ylim(len(lines) - 0.5, -0.5)
    for axes in (asr, benign, psnr):
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        for boundary in range(1, len(lines)):
            axes.axhline(boundary - 0.5, color=FAINT, linewidth=0.4)
    figure.legend(handles=legend, loc="lower center", ncols=COLUMNS, fontsize=8)
    return figure


def lines_of(reading: Reading) -> list[Line]:
    """`no defense` first: one row for all, since all are measured on the same images."""
    before = reading.undefended
    lines = [Line("no defense", before.attacked, before.clean)]
    for defense in reading.at_work:
        after = defense.record.after
        lines.append(Line(defense.label, after.attacked, after.clean))
    return lines


def _rate(figures: SystemFigures, k: int, key: Key) -> Rate:
    level = figures.levels[k - 1]
    return level.asr if key == "asr" else level.benign


def _rates(axes: Axes, reading: Reading, lines: list[Line], key: Key) -> None:
    """A bar for each level with its interval, a tick at the rate without defense, a diamond at
    the clean system's rate."""
    levels = len(reading.levels)
    thickness = 0.78 / levels
    for row, line in enumerate(lines):
        for k in reading.levels:
            y = row + (k - (levels + 1) / 2) * thickness
            found = _rate(line.attacked, k, key)
            colour = level_colour(k, levels)
            axes.barh(y, found.value, 0.86 * thickness, color=colour, edgecolor=INK, linewidth=0.4)
            axes.plot(found.interval, [y, y], color=INK, linewidth=1)
            if row:
                before = _rate(lines[0].attacked, k, key).value
                tick = [y - thickness / 2, y + thickness / 2]
                axes.plot([before, before], tick, color=INK, linewidth=2.2)
            axes.plot(_rate(line.clean, k, key).value, y, markersize=3.5, **CLEAN_MARK)
        if key == "benign" and levels > 1:
            text = (
                f"any {reading.words.aim} {rate(line.attacked.benign_any.value)}, "
                f"clean system {rate(line.clean.benign_any.value)}"
            )
            axes.text(1.0, row - 0.46, text, ha="right", va="top", fontsize=7.5, color=FAINT)
    axes.set_xlim(0, 1.02)


def _psnr(axes: Axes, lines: list[Line]) -> None:
    for row, line in enumerate(lines):
        for system, y in ((line.attacked, row + 0.12), (line.clean, row - 0.12)):
            axes.plot(system.psnr_db.interval, [y, y], color=INK, linewidth=1)
        axes.plot(line.attacked.psnr_db.value, row + 0.12, "o", color=ATTACKED, markersize=6)
        axes.plot(line.clean.psnr_db.value, row - 0.12, markersize=5, **CLEAN_MARK)
    axes.margins(x=0.12)
    axes.set_title("Benign images: PSNR")
    axes.set_xlabel("dB, received against sent")


def _legend(reading: Reading) -> list[Patch | Line2D]:
    levels = len(reading.levels)
    bars = [
        Patch(color=level_colour(k, levels), label=f"level {k}" if levels > 1 else "rate")
        for k in reading.levels
    ]
    return [
        *bars,
        Line2D([], [], color=INK, linewidth=1, label="95 % interval"),
        Line2D(
            [], [], color=INK, linestyle="", marker="|", markeredgewidth=2.2, label="no defense"
        ),
        Line2D([], [], color=ATTACKED, marker="o", linestyle="", label="attacked system"),
        Line2D([], [], markersize=5, label="clean system", **CLEAN_MARK),
    ]
