"""How pictures look: colours with a meaning, one style, PNG bytes that depend on the data alone."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeVar

import matplotlib.style
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from semvet.reports.reading import Reading

Draw = Callable[[Reading], Figure | None]  # None where there is nothing to show
Shown = TypeVar("Shown")  # what a picture is made from: a run's Reading, or figures alone

DPI = 144
INK, FAINT, GRID = "#1b1f24", "#5b6470", "#d9dde3"
BENIGN, CLEAN, ATTACKED = "#64748b", "#1d6fb8", "#b3261e"
CURVES = ("#1d6fb8", "#c2570c", "#2e7d32", "#7b3fa0", "#8a6d00", "#00797d")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")

STYLE: dict[str, object] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "white",
    "image.interpolation": "nearest",
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Frame:
    """A figure with margins around its panels, all in inches: nothing moves when a text is long."""

    width: float
    height: float
    left: float = 0.7
    right: float = 0.15
    top: float = 0.4
    bottom: float = 0.6

    def panels(self, rows: int, columns: int, **options: Any) -> tuple[Figure, list[Axes]]:
        figure = Figure(figsize=(self.width, self.height))
        figure.subplots_adjust(
            left=self.left / self.width,
            right=1 - self.right / self.width,
            top=1 - self.top / self.height,
            bottom=self.bottom / self.height,
        )
        return figure, list(figure.subplots(rows, columns, squeeze=False, **options).flatten())


def level_colour(level: int, levels: int) -> str:
    """From orange (weakest trigger) to dark red (strongest)."""
    position = 0.4 + 0.6 * (level - 1) / (levels - 1) if levels > 1 else 0.75
    return to_hex(colormaps["YlOrRd"](position))


def png(draw: Callable[[Shown], Figure | None], shown: Shown) -> bytes | None:
    """Whatever matplotlibrc says, the same picture."""
    with matplotlib.style.context(["default", STYLE]):
        figure = draw(shown)
        if figure is None:
            return None
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()
