"""What a study or a defense has to show, drawn alike whoever made it.

Curves   lines over one axis; a colour for each trigger level, red: attacked, dashed blue: clean
Bands    shares of outcomes, stacked, for each x
Matrix   shares of each row, with their numbers
Images   rows of images

A legend stands below where panels share what their lines mean, else inside each panel.
"""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semvet.errors import StoreError
from semvet.records import Bands, Curves, ImageRows, Matrix
from semvet.records import Figure as Shown
from semvet.reports.numbers import decimals
from semvet.reports.pictures.image_grid import Row, draw_grid
from semvet.reports.pictures.lines import draw_curves, drawn
from semvet.reports.pictures.look import FAINT, INK, Frame, level_colour
from semvet.store import Arrays

NONE = "#e3e6eb"  # no outcome
WIDTH, NARROW = 10.8, 7.6  # inches, of a figure, and of one with a single panel
BESIDE = 0.55  # inches between panels, for the numbers of an axis
CELL = 0.56  # inches, of a matrix
LEGEND_ROW = 0.21  # inches
LETTERS = 165  # of a legend's row


def draw_figure(shown: Shown, levels: int) -> Figure:
    """`levels`: how many trigger levels the attack has."""
    panels = shown.panels
    if all(isinstance(panel, Matrix) for panel in panels):
        return _matrices([panel for panel in panels if isinstance(panel, Matrix)])
    columns = min(shown.across, len(panels))
    rows = ceil(len(panels) / columns)
    width = WIDTH if columns > 1 else NARROW
    marked = any(mark.label for panel in panels if isinstance(panel, Bands) for mark in panel.marks)
    shared = _shares_legend(panels)
    names = _names(panels) if shared else []
    below = 0.62 + (0.12 + LEGEND_ROW * _legend_rows(names, width) if names else 0)
    top, between = (0.72 if marked else 0.42), (1.25 if marked else 1.0)
    high = 2.1 if rows > 1 else 2.5
    frame = Frame(
        width, top + rows * high + (rows - 1) * between + below, top=top, bottom=below,
    )  # fmt: skip
    wide = (width - frame.left - frame.right - (columns - 1) * BESIDE) / columns
    figure, axes = frame.panels(
        rows, columns, gridspec_kw={"hspace": between / high, "wspace": BESIDE / wide}
    )
    for panel, own in zip(panels, axes, strict=False):
        if isinstance(panel, Curves):
            draw_curves(own, panel, levels)
            if not shared:
                own.legend(fontsize=7.5, loc="best", frameon=True, edgecolor="none")
        elif isinstance(panel, Bands):
            _bands(own, panel)
        elif isinstance(panel, Matrix):
            _matrix(own, panel)
    for own in axes[len(panels) :]:
        own.set_visible(False)
    if names:
        _legend(figure, axes, names)
    return figure


def _shares_legend(panels: Sequence[Curves | Bands | Matrix]) -> bool:
    """Whether one legend serves: a single panel, or labels that stand in several."""
    each = [_own_names(panel) for panel in panels]
    every = [name for names in each for name in set(names)]
    return len(each) == 1 or len(every) > len(set(every))


def _own_names(panel: Curves | Bands | Matrix) -> list[str]:
    if isinstance(panel, Curves):
        return [line.label for line in drawn(panel) if line.label]
    return [*panel.outcomes[1:], panel.outcomes[0]] if isinstance(panel, Bands) else []


def _names(panels: Sequence[Curves | Bands | Matrix]) -> list[str]:
    """Of the legend below: the clean system last, then marks of curves that have a name."""
    curves = [panel for panel in panels if isinstance(panel, Curves)]
    clean = {line.label for panel in curves for line in drawn(panel) if line.of == "clean"}
    names = [name for panel in panels for name in _own_names(panel)]
    names = [name for name in names if name not in clean] + [n for n in names if n in clean]
    for panel in curves:
        names += [mark.label for mark in (*panel.marks, *panel.levels) if mark.label]
    return list(dict.fromkeys(names))


def _legend_rows(names: Sequence[str], width: float) -> int:
    letters = LETTERS * width / WIDTH
    return min(len(names), ceil(sum(len(name) + 10 for name in names) / letters))


def _legend(figure: Figure, axes: Sequence[Axes], names: Sequence[str]) -> None:
    handles = {
        name: handle
        for own in reversed(axes)
        for handle, name in zip(*own.get_legend_handles_labels(), strict=True)
    }
    columns = ceil(len(names) / _legend_rows(names, figure.get_figwidth()))
    figure.legend([handles[name] for name in names], names, loc="lower center", ncols=columns)


def _bands(axes: Axes, panel: Bands) -> None:
    """The first outcome, none, is the grey one at the top."""
    shares, hits = np.array(panel.shares), len(panel.outcomes) - 1
    colours = [level_colour(k, hits) for k in range(1, hits + 1)]
    axes.stackplot(
        panel.x, np.vstack([shares[:, 1:].T, shares[:, 0]]),
        labels=[*panel.outcomes[1:], panel.outcomes[0]], colors=[*colours, NONE],
        edgecolor="white", linewidth=0.5,
    )  # fmt: skip
    for mark in panel.marks:
        axes.axvline(mark.x, color="white", linewidth=1.6)
        axes.axvline(mark.x, color=INK, linewidth=1.2, linestyle=(0, (3, 3)))
        axes.text(
            mark.x, 1.02, mark.label, transform=axes.get_xaxis_transform(), ha="center",
            va="bottom", fontsize=8, color=FAINT,
        )  # fmt: skip
    axes.set(xlim=(panel.x[0], panel.x[-1]), ylim=(0, 1))
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    axes.set_title(panel.title, pad=20 if any(mark.label for mark in panel.marks) else 6)


def _matrices(panels: Sequence[Matrix]) -> Figure:
    """As large as their cells need, side by side; rows are named at the left."""
    wide = CELL * max(len(panel.columns) for panel in panels)
    high = CELL * max(len(panel.rows) for panel in panels)
    letters = max(len(name) for panel in panels for name in panel.rows)
    left = 0.5 + 0.085 * letters
    frame = Frame(
        left + len(panels) * wide + (len(panels) - 1) * 0.35 + 0.25, high + 1.1,
        left=left, right=0.25, top=0.45, bottom=0.65,
    )  # fmt: skip
    figure, axes = frame.panels(1, len(panels), sharey=True, gridspec_kw={"wspace": 0.35 / wide})
    for panel, own in zip(panels, axes, strict=True):
        _matrix(own, panel)
    axes[0].set_yticks(range(len(panels[0].rows)), panels[0].rows)
    axes[0].set_ylabel(panels[0].y_label)
    return figure


def _matrix(axes: Axes, panel: Matrix) -> None:
    values = np.array(panel.values)
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    for row, column in np.ndindex(*values.shape):
        value = values[row, column]
        axes.text(
            column, row, decimals(float(value), 2) if value else "0", ha="center", va="center",
            color="white" if value > 0.7 else INK if value else FAINT,
        )  # fmt: skip
    axes.set_xticks(range(len(panel.columns)), panel.columns)
    axes.set_xlabel(panel.x_label)
    axes.set_title(panel.title)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def draw_image_rows(shown: ImageRows, arrays: Arrays) -> Figure:
    """Raises StoreError where the images are not in the run's file."""
    return draw_grid(
        [
            Row(row.title, row.note, _images(arrays, row.array), heading="" if i else shown.heading)
            for i, row in enumerate(shown.rows)
        ]
    )


def _images(arrays: Arrays, name: str) -> np.ndarray:
    found = arrays.get(name)
    if found is None or found.ndim not in (3, 4) or not found.size:
        raise StoreError(
            f"evaluation.safetensors: no images named {name}, which metrics.json speaks of; "
            "delete the run's folder and start it again (other runs are not affected)"
        )
    return found if found.ndim == 4 else found[None]
