"""What the receiver shows while the trigger grows: shares of outcomes, stacked, for both systems.

A thin upright line at each proper level k/T; where bands of two targets touch, the trigger between
two levels brings out one or the other.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semvet.reports.pictures.look import FAINT, INK, Frame, level_colour
from semvet.reports.record import Record

NONE = "#e3e6eb"  # no outcome


def draw_intensity(record: Record) -> Figure | None:
    found = record.metrics["studies"].get("intensity")
    if found is None:
        return None
    frame = Frame(10.4, 4.0, top=0.75, bottom=0.95)
    figure, panels = frame.panels(1, 2, sharey=True, gridspec_kw={"wspace": 0.08})
    titles = {"attacked": "Attacked system", "clean": "Clean system (null control)"}
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        _panel(axes, record, np.array(found["intensities"]), np.array(found[name]))
        axes.set_title(title, pad=20)
        one = "as it is" if len(record.levels) == 1 else "the strongest level"
        axes.set_xlabel(f"intensity of the trigger (1: {one})")
    panels[0].set_ylabel(f"share of images (n = {found['n']})")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=9)
    return figure


def _panel(axes: Axes, record: Record, s: np.ndarray, shares: np.ndarray) -> None:
    """`shares`: (intensity, outcome), the first outcome is none."""
    levels = len(record.levels)
    aim = record.words.aim
    labels = [f"{aim} {k}" if levels > 1 else aim for k in record.levels]
    colours = [level_colour(k, levels) for k in record.levels]
    axes.stackplot(
        s, np.vstack([shares[:, 1:].T, shares[:, 0]]), labels=[*labels, "none"],
        colors=[*colours, NONE], edgecolor="white", linewidth=0.5,
    )  # fmt: skip
    for k in record.levels:
        axes.axvline(k / levels, color="white", linewidth=1.6)
        axes.axvline(k / levels, color=INK, linewidth=1.2, linestyle=(0, (3, 3)))
        text = f"level {k}" if levels <= 4 and levels > 1 else str(k) if levels > 1 else "trigger"
        axes.text(
            k / levels, 1.02, text, transform=axes.get_xaxis_transform(), ha="center", va="bottom",
            fontsize=8, color=FAINT,
        )  # fmt: skip
    axes.set(xlim=(0, float(s[-1])), ylim=(0, 1))
