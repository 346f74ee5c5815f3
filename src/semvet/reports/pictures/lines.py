"""One panel of curves: what a line is about decides how it looks."""

from typing import Any

from matplotlib.axes import Axes

from semvet.records import Curves, Mark
from semvet.records.exhibits import Line
from semvet.reports.pictures.look import (
    ATTACKED,
    BENIGN,
    CLEAN,
    CURVES,
    FAINT,
    INK,
    MARKERS,
    level_colour,
)

APART = 0.12  # of points side by side
FEW = 12  # points, each of which gets a marker
LONG, SHORT = (0, (6, 2)), (0, (2, 1.5))  # dashes
PLAIN_MARK, STRONG_MARK = "#9aa3ae", CURVES[2]
COLOURS = {"attacked": ATTACKED, "clean": CLEAN, "benign": BENIGN, "none": INK}


def draw_curves(axes: Axes, panel: Curves, levels: int) -> None:
    """`levels`: how many trigger levels the attack has."""
    at = _positions(axes, panel)
    apart = 0.0 if panel.joined else APART
    lines = sorted(drawn(panel), key=lambda line: line.of != "clean")
    for i, line in enumerate(lines):
        shift = apart * (i - (len(lines) - 1) / 2)
        _line(axes, panel, line, [x + shift for x in at], levels)
    if panel.share:
        axes.set_ylim(-0.02, 1.02)
    elif not panel.joined:
        low, high = axes.get_ylim()
        axes.set_ylim(low - 1, high + 1)  # tenths of a dB are to look small
    for mark in panel.marks:
        axes.axvline(mark.x, label=mark.label, **_mark(mark))
    for mark in panel.levels:
        axes.axhline(mark.x, label=mark.label, color=FAINT, linewidth=0.8)
    axes.set_title(panel.title)
    axes.set_xlabel(panel.x_label)
    axes.grid()


def drawn(panel: Curves) -> list[Line]:
    """The others are on record only."""
    return [line for line in panel.lines if line.drawn]


def _positions(axes: Axes, panel: Curves) -> list[float]:
    """Numbers as they are, names in a row."""
    numbers = [x for x in panel.x if not isinstance(x, str)]
    if len(numbers) == len(panel.x):
        return numbers
    axes.set_xticks(range(len(panel.x)), [str(x) for x in panel.x])
    if not panel.joined:
        axes.set_xlim(-0.6, len(panel.x) - 0.4)
    return [float(i) for i in range(len(panel.x))]


def _line(axes: Axes, panel: Curves, line: Line, at: list[float], levels: int) -> None:
    look = _look(line, levels)
    if len(at) > FEW and panel.joined:
        look["marker"] = ""
    if not panel.joined:
        look["linestyle"] = ""
    if line.intervals and not panel.joined:  # on lines that cross they hide each other
        for x, (low, high) in zip(at, line.intervals, strict=True):
            axes.plot([x, x], [low, high], color=look["color"], linewidth=0.9, alpha=0.6)
    values = [float("nan") if y is None else y for y in line.y]
    axes.plot(at, values, label=line.label, markersize=4.5, clip_on=not panel.share, **look)


def _look(line: Line, levels: int) -> dict[str, Any]:
    if line.of == "clean":
        return {
            "color": CLEAN, "marker": "D", "markerfacecolor": "white", "linestyle": (0, (4, 2)),
            "linewidth": 1.4, "zorder": 4,
        }  # fmt: skip
    dashes = "-" if not line.dashed else SHORT if line.of == "none" else LONG
    if line.level is not None:
        return {
            "color": level_colour(line.level, max(levels, line.level)), "linestyle": dashes,
            "marker": MARKERS[(line.level - 1) % len(MARKERS)], "linewidth": 1.6, "zorder": 3,
        }  # fmt: skip
    return {
        "color": COLOURS[line.of], "linestyle": dashes, "marker": "o", "linewidth": 1.5, "zorder": 3
    }  # fmt: skip


def _mark(mark: Mark) -> dict[str, Any]:
    if mark.strong:
        return {"color": STRONG_MARK, "linewidth": 1.6}
    return {"color": FAINT if mark.label else PLAIN_MARK, "linewidth": 0.8,
            "linestyle": SHORT if mark.label else "-"}  # fmt: skip
