"""Which level comes out as which target: a matrix with numbers, for both systems."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semvet.reports.numbers import decimals
from semvet.reports.pictures.look import FAINT, INK, Frame
from semvet.reports.record import Record

CELL = 0.56  # inches


def draw_confusion(record: Record) -> Figure | None:
    """None where there is one level: its two numbers stand elsewhere."""
    found = record.metrics["studies"].get("intensity")
    if found is None or len(record.levels) == 1:
        return None
    found, size = found["confusion"], CELL * (len(record.levels) + 1)
    frame = Frame(2 * size + 2.2, size + 1.25, left=1.3, right=0.2, top=0.45, bottom=0.8)
    figure, panels = frame.panels(1, 2, sharey=True, gridspec_kw={"wspace": 0.35 / size})
    titles = {"attacked": "Attacked system", "clean": "Clean system"}
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        _matrix(axes, record, np.array(found[name]))
        axes.set_title(title)
    rows = ["benign", *(f"level {k}" for k in record.levels)]
    panels[0].set_yticks(range(len(rows)), rows)
    panels[0].set_ylabel("sent")
    figure.text(
        1 - 0.2 / frame.width, 0.08 / frame.height,
        f"share of each row; n = {found['n_benign']} benign, {found['n_triggered']} of each level",
        ha="right", fontsize=8, color=FAINT,
    )  # fmt: skip
    return figure


def _matrix(axes: Axes, record: Record, shares: np.ndarray) -> None:
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    for row, column in np.ndindex(*shares.shape):
        value = shares[row, column]
        axes.text(
            column, row, decimals(float(value), 2) if value else "0", ha="center", va="center",
            color="white" if value > 0.7 else INK if value else FAINT,
        )  # fmt: skip
    axes.set_xticks(range(shares.shape[1]), ["none", *map(str, record.levels)])
    axes.set_xlabel(f"received as {record.words.aim}")
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
