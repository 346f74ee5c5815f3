"""Every defense beside no defense: what still answers, what misfires, what it costs.

ASR by level           benign images received as target k        PSNR of benign images
"""

from dataclasses import dataclass
from math import ceil
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from semvet.reports.look import ATTACKED, CLEAN, FAINT, INK, Frame, level_colour
from semvet.reports.numbers import Number, rate
from semvet.reports.record import Record

NAME_WIDTH = 24  # characters
COLUMNS = 8  # of the legend


@dataclass(frozen=True)
class Line:
    """One row of the picture."""

    label: str
    system: dict[str, Any]  # the attacked system, as measured there
    clean_psnr_db: Number


def draw_defenses(record: Record) -> Figure | None:
    if not record.defenses:
        return None
    lines = lines_of(record)
    height = len(lines) * max(0.62, 0.14 * len(record.levels) + 0.16)
    legend = _legend(record)
    frame = Frame(
        10.4, 1.15 + height, left=1.85, top=0.35, bottom=0.6 + 0.2 * ceil(len(legend) / COLUMNS)
    )
    figure, (asr, benign, psnr) = frame.panels(
        1, 3, sharey=True, width_ratios=(3, 3, 2.4), gridspec_kw={"wspace": 0.13}
    )
    _rates(asr, record, lines, "asr")
    asr.set_title("ASR" if len(record.levels) == 1 else "ASR by trigger level")
    asr.set_xlabel(f"share of triggered images (n = {lines[0].system['n']})")
    _rates(benign, record, lines, "benign_false_positive")
    benign.set_title("Benign images received as a target")
    benign.set_xlabel(f"share of benign images (n = {lines[0].system['n']})")
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


def lines_of(record: Record) -> list[Line]:
    """`no defense` first: one row for all, since all are measured on the same images."""
    first = record.defenses[0].figures
    lines = [Line("no defense", first["before"], first["clean_system_psnr_before_db"])]
    for defense in record.defenses:
        figures = defense.figures
        lines.append(Line(defense.label, figures["after"], figures["clean_system_psnr_db"]))
    return lines


def _rates(axes: Axes, record: Record, lines: list[Line], key: str) -> None:
    """A bar for each level, its Clopper-Pearson interval, a tick at the rate without defense."""
    levels = len(record.levels)
    thickness = 0.78 / levels
    for row, line in enumerate(lines):
        for k in record.levels:
            y = row + (k - (levels + 1) / 2) * thickness
            value, (low, high) = line.system[key][k - 1], line.system[f"{key}_interval"][k - 1]
            colour = level_colour(k, levels)
            axes.barh(y, value, 0.86 * thickness, color=colour, edgecolor=INK, linewidth=0.4)
            axes.plot([low, high], [y, y], color=INK, linewidth=1)
            if row:
                before = lines[0].system[key][k - 1]
                tick = [y - thickness / 2, y + thickness / 2]
                axes.plot([before, before], tick, color=INK, linewidth=2.2)
        if key == "benign_false_positive" and levels > 1:
            text = f"any target {rate(line.system['benign_any'])}"
            axes.text(1.0, row - 0.46, text, ha="right", va="top", fontsize=7.5, color=FAINT)
    axes.set_xlim(0, 1.02)


def _psnr(axes: Axes, lines: list[Line]) -> None:
    for row, line in enumerate(lines):
        low, high = line.system["psnr_db_interval"]
        axes.plot([low, high], [row + 0.12] * 2, color=INK, linewidth=1)
        axes.plot(line.system["psnr_db"], row + 0.12, "o", color=ATTACKED, markersize=6)
        if line.clean_psnr_db is not None:
            axes.plot(line.clean_psnr_db, row - 0.12, "D", color=CLEAN, markersize=5)
    axes.margins(x=0.12)
    axes.set_title("Benign images: PSNR")
    axes.set_xlabel("dB, received against sent")


def _legend(record: Record) -> list[Patch | Line2D]:
    levels = len(record.levels)
    bars = [
        Patch(color=level_colour(k, levels), label=f"level {k}" if levels > 1 else "rate")
        for k in record.levels
    ]
    return [
        *bars,
        Line2D([], [], color=INK, linewidth=1, label="95 % interval"),
        Line2D(
            [], [], color=INK, linestyle="", marker="|", markeredgewidth=2.2, label="no defense"
        ),
        Line2D([], [], color=ATTACKED, marker="o", linestyle="", label="attacked system"),
        Line2D([], [], color=CLEAN, marker="D", linestyle="", label="clean system"),
    ]
