"""Rows of images with a heading and a label at the left, every pixel a whole number of dots."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from semvet.reports.pictures.look import DPI, FAINT, GRID, INK

LABEL, GAP, MARGIN, HEADING, COLUMN_TITLE = 350, 8, 14, 46, 30  # dots
CELL = 112  # an image's longer side, at most where it is not larger itself


@dataclass(frozen=True)
class Row:
    title: str
    note: str  # a line of numbers under the title
    images: np.ndarray  # (image, chan, height, width) in [0, 1]
    aside: np.ndarray | None = None  # one image at the far right
    heading: str = ""  # begins a group


def draw_grid(rows: list[Row], *, aside_title: str = "") -> Figure:
    """A figure as large as its rows need. Coordinates are dots from the upper left."""
    size = rows[0].images.shape[2:]
    columns = max(len(row.images) for row in rows)
    scale = CELL // max(size) or CELL / max(size)
    high, wide = (max(1, round(side * scale)) for side in size)
    asides = any(row.aside is not None for row in rows)
    top = MARGIN + (COLUMN_TITLE if asides and not rows[0].heading else 0)
    tops = []
    for row in rows:
        top += HEADING if row.heading else 0
        tops.append(top)
        top += high + GAP
    across = columns + (1 if asides else 0)
    width = LABEL + across * (wide + GAP) + (2 * GAP if asides else 0) + MARGIN
    axes = _canvas(width, top + MARGIN)
    aside_left = LABEL + columns * (wide + GAP) + 2 * GAP
    if asides:
        axes.text(aside_left, tops[0] - 6, aside_title, va="bottom", weight="bold", fontsize=8.5)
    for row, y in zip(rows, tops, strict=True):
        _label(axes, row, y, high, width)
        lefts = [LABEL + column * (wide + GAP) for column in range(len(row.images))]
        placed = list(zip(row.images, lefts, strict=False))  # a row may be shorter
        if row.aside is not None:
            placed.append((row.aside, aside_left))
        for image, x in placed:
            _show(axes, image, x, y, wide, high, enlarged=scale >= 1)
    return axes.figure  # type: ignore[return-value]  # made by _canvas, not a SubFigure


def _canvas(width: int, height: int) -> Axes:
    figure = Figure(figsize=(width / DPI, height / DPI))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    axes.axis("off")
    return axes


def _label(axes: Axes, row: Row, y: int, high: int, width: int) -> None:
    if row.heading:
        axes.plot([MARGIN, width - MARGIN], [y - HEADING + 12] * 2, color=GRID, linewidth=1)
        axes.text(MARGIN, y - 9, row.heading, va="bottom", weight="bold")
    middle = y + high / 2
    axes.text(MARGIN, middle - 2, row.title, va="bottom" if row.note else "center", color=INK)
    axes.text(MARGIN, middle + 3, row.note, va="top", color=FAINT, fontsize=8)


def _show(
    axes: Axes, image: np.ndarray, x: int, y: int, wide: int, high: int, *, enlarged: bool
) -> None:
    pixels = np.clip(np.nan_to_num(image), 0, 1).transpose(1, 2, 0)
    pixels = pixels.repeat(3, axis=2) if pixels.shape[2] == 1 else pixels
    axes.imshow(
        pixels,
        extent=(x, x + wide, y + high, y),
        aspect="auto",
        interpolation="nearest" if enlarged else "antialiased",
    )
    frame = Rectangle((x - 1, y - 1), wide + 1, high + 1, fill=False, edgecolor=GRID, linewidth=0.8)
    axes.add_patch(frame)  # images may be as white as the page
