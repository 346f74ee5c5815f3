"""How far a certificate reaches: certified accuracy of the vote J over the L2 radius.

The radius has a logarithmic axis: certificates may be far smaller than the triggers beside them.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from semvet.reports.numbers import rate
from semvet.reports.pictures.look import CURVES, DASHES, FAINT, MARKERS, Frame, level_colour
from semvet.reports.reading import Defended, Reading

SMALLEST = 0.01  # left end of the axis where no radius is smaller


@dataclass(frozen=True)
class Extent:
    """Of the axis of radii."""

    left: float
    right: float


def draw_certificate(reading: Reading) -> Figure | None:
    if not reading.certified:
        return None
    legend = 0.2 * (len(reading.certified) + 1 + (1 if reading.shows_trigger else 0))  # inches
    frame = Frame(8.6, 4.2 + legend, top=0.6, bottom=0.75 + legend)
    figure, (axes,) = frame.panels(1, 1)
    extent = _extent(reading)
    axes.set_xscale("log")
    axes.set(xlim=(extent.left, extent.right), ylim=(0, 1.02))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set(xlabel="L2 radius r in pixel units, log scale")
    axes.set_ylabel("share of images certified beyond r")
    for i, defense in enumerate(reading.certified):
        _curve(axes, reading, defense, i, extent)
    axes.plot(
        [], [], color=FAINT, linestyle="", marker="o", markerfacecolor="none",
        label="open mark: the largest radius that so many copies can certify",
    )  # fmt: skip
    if reading.shows_trigger:
        _triggers(axes, reading)
    axes.grid()
    axes.set_title("Certified accuracy of the vote J, not of the average that is deployed", pad=22)
    figure.legend(loc="lower left", bbox_to_anchor=(frame.left / frame.width, 0), ncols=1)
    return figure


def certified_beyond(radius: np.ndarray, extent: Extent) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the exact curve: from each x on, up to the next, the share y has radius > x."""
    inside = radius[(radius > extent.left) & (radius < extent.right)]
    x = np.array([extent.left, *np.unique(inside), extent.right])
    return x, (radius[None] > x[:, None]).mean(axis=1)


def _radius(reading: Reading, defense: Defended) -> np.ndarray:
    return reading.arrays[f"defense/{defense.index}/radius"].astype(float)


def _extent(reading: Reading) -> Extent:
    """From below the smallest certified radius to past whatever is largest."""
    found = np.concatenate([_radius(reading, defense) for defense in reading.certified])
    marks = [size for size in _sizes(reading) if size]
    marks += [largest for d in reading.certified if (largest := _largest(d)) is not None]
    positive = [*found[found > 0].tolist(), *marks]
    return Extent(0.7 * min([SMALLEST, *positive]), 1.4 * max(positive, default=1.0))


def _sizes(reading: Reading) -> list[float]:
    return [trigger.l2 or 0.0 for trigger in reading.record.attack.triggers]


def _largest(defense: Defended) -> float | None:
    found = defense.record.findings.attacked.get("largest_radius")
    return float(found) if isinstance(found, int | float) and found else None


def _curve(axes: Axes, reading: Reading, defense: Defended, i: int, extent: Extent) -> None:
    found, largest = defense.record.certificate, _largest(defense)
    assert found is not None
    colour, dashes = CURVES[i % len(CURVES)], DASHES[i % len(DASHES)]
    axes.step(
        *certified_beyond(_radius(reading, defense), extent), where="post",
        color=colour, linestyle=dashes, linewidth=1.8, clip_on=False, zorder=3,
        label=f"{defense.label} (n = {found.n}, {rate(1 - found.abstains)} certified at all, "
        f"largest possible radius {rate(largest)})",
    )  # fmt: skip
    if largest is not None:
        axes.plot(
            largest, 0, color=colour, marker=MARKERS[i % len(MARKERS)], markersize=7 + 2 * (i % 3),
            markerfacecolor="none", clip_on=False, zorder=4,
        )  # fmt: skip


def _triggers(axes: Axes, reading: Reading) -> None:
    sizes = _sizes(reading)
    what = "mean L2 of the trigger" + (" levels, numbered above" if len(sizes) > 1 else "")
    for k in reading.levels:
        size = sizes[k - 1]
        if not size:
            continue
        axes.axvline(
            size, color=level_colour(k, len(sizes)), linewidth=1.6, zorder=2,
            label=what if k == len(sizes) else "",
        )  # fmt: skip
        text = "trigger" if len(sizes) == 1 else str(k)
        axes.text(
            size, 1.03, text, transform=axes.get_xaxis_transform(), ha="center", va="bottom",
            fontsize=8, color=FAINT,
        )  # fmt: skip
