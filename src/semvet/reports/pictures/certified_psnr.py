"""Certified PSNR of the smoothed picture over the radius, and the best attack on the same axes.

certificates-<id>.json  ->  certificates-<id>.png

A row is a system, a column a question: how far can an attacker move the picture, and what is left
of it. Colours are smoothers (different systems: the better of two curves is no certificate), dashes
are certificates of one smoother. The attack lies above its smoother's curves.
"""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, StrMethodFormatter

from semvet.reports.pictures.look import ATTACKED, FAINT, Frame, level_colour, png
from semvet.store import RunFolder, read_json, write_bytes

MEAN, MEDIAN, CENTER = "#1d6fb8", "#c2570c", "#2e7d32"
CURVES: dict[str, tuple[str, Any, str]] = {  # certificate: colour, dashes, in words
    "theorem-1": (MEAN, (0, (1, 2.5)), "Theorem 1 as printed"),
    "total-variation": (MEAN, (0, (1, 1)), "total variation (no data needed)"),
    "mean": (MEAN, (0, (6, 2)), "per pixel, from the mean"),
    "trace": (MEAN, (0, (6, 2, 1.5, 2)), "chi\N{SUPERSCRIPT TWO}, trace"),
    "spectral": (MEAN, "-", "chi\N{SUPERSCRIPT TWO}, spectral"),
    "median": (MEDIAN, "-", "percentiles"),
    "center": (CENTER, "-", "center smoothing"),
}
HEADINGS = {
    "mean": "mean, what Algorithm 2 sends",
    "median": "median",
    "center": "center",
}
FOUND: dict[str, tuple[str, str]] = {"mean": (ATTACKED, "o"), "median": ("#8a3b00", "s")}
QUESTIONS = {
    "between_db": "How far can it be moved?  PSNR(S(x'), S(x)) in dB",
    "truth_db": "What is left of the image?  PSNR(S(x'), x) in dB",
}


def write_certified_psnr(path: Path) -> Path:
    """Draws certificates-<id>.json, over an earlier picture of it."""
    content = png(draw_certified_psnr, read_json(path))
    assert content is not None  # there is always something to show
    picture = path.with_suffix(".png")
    with RunFolder(path.parent).drawing():
        write_bytes(picture, content)
    return picture


def draw_certified_psnr(record: dict[str, Any]) -> Figure:
    rows, below = list(record["systems"]), 2.35  # inches, for axis labels and legends
    frame = Frame(9.2, 1.0 + 2.9 * len(rows) + below, left=0.75, top=1.0, bottom=below)
    figure, panels = frame.panels(
        len(rows), 2, sharex=True, sharey="col", gridspec_kw={"hspace": 0.2, "wspace": 0.13}
    )
    places = [(row, key) for row in rows for key in QUESTIONS]
    for axes, (row, key) in zip(panels, places, strict=True):
        _panel(axes, record, record["systems"][row], key)
        axes.set_ylim(0, 1.05 * _highest(record, key))
        if key == "between_db":
            axes.set_ylabel(_name(row, record), weight="bold")
        if row == rows[0]:
            axes.text(0, 1.27, QUESTIONS[key], transform=axes.transAxes, fontsize=10)
            _in_sigma(axes, record["asked"]["sigma"])
        if row == rows[-1]:
            axes.set_xlabel("L2 radius r in pixel units, log scale")
    _legends(figure, frame, record)
    return figure


def _name(row: str, record: dict[str, Any]) -> str:
    if row == "attacked":
        return f"attacked system ({record['trigger']['attack']})"
    return "clean system (null control)" if len(record["systems"]) > 1 else "clean system"


def _highest(record: dict[str, Any], key: str) -> float:
    """Of what is drawn of any system."""
    values = [0.1]
    for system in record["systems"].values():
        drawn = [curve[key]["high"] for curve in system["curves"].values()]
        drawn += [system["found"][s][key]["median"] for s in FOUND if system["found"]]
        values += [value for line in drawn for value in line]
    return max(values)


def _panel(axes: Axes, record: dict[str, Any], system: dict[str, Any], key: str) -> None:
    radii = record["radii"]
    axes.set_xscale("log")
    for name, (colour, dashes, _) in CURVES.items():
        if name in system["curves"]:
            median = system["curves"][name][key]
            axes.plot(
                radii, median["median"], color=colour, linestyle=dashes,
                linewidth=1.9 if dashes == "-" else 1.2,
            )  # fmt: skip
            if dashes == "-":
                axes.fill_between(
                    radii, median["low"], median["high"], color=colour, alpha=0.12, linewidth=0
                )
    for smoother, (colour, marker) in FOUND.items():
        if system["found"]:
            found = system["found"][smoother][key]
            axes.plot(
                radii, found["median"], color=colour, marker=marker, markersize=4, linewidth=1.0,
                markerfacecolor="white", zorder=4,
            )  # fmt: skip
    _triggers(axes, record["trigger"]["l2"])
    axes.set_xlim(0.85 * radii[0], 1.15 * max([radii[-1], *map(_middle, record["trigger"]["l2"])]))
    axes.xaxis.set_major_locator(FixedLocator([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid()


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _triggers(axes: Axes, norms: list[list[float]]) -> None:
    """Ticks at the median norm of each level."""
    for k, values in enumerate(norms, start=1):
        colour = level_colour(k, len(norms))
        axes.axvline(_middle(values), color=colour, linewidth=1.2, linestyle="--", zorder=1)
        axes.text(
            _middle(values), 1.02, str(k) if len(norms) > 1 else "trigger",
            transform=axes.get_xaxis_transform(), ha="center", fontsize=8, color=FAINT,
        )  # fmt: skip


def _in_sigma(axes: Axes, sigma: float) -> None:
    def times_sigma(a: Any) -> Any:
        return a * sigma

    def per_sigma(radius: Any) -> Any:
        return radius / sigma

    top = axes.secondary_xaxis(1.09, functions=(per_sigma, times_sigma))
    top.xaxis.set_major_locator(FixedLocator([0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20]))
    top.xaxis.set_major_formatter(StrMethodFormatter("{x:g}\N{GREEK SMALL LETTER SIGMA}"))
    top.xaxis.set_minor_formatter(NullFormatter())
    top.xaxis.set_minor_locator(NullLocator())
    top.spines["top"].set_visible(False)
    top.tick_params(length=0, labelsize=8)


def _legends(figure: Figure, frame: Frame, record: dict[str, Any]) -> None:
    system = next(iter(record["systems"].values()))
    left = frame.left / frame.width
    for i, (smoother, heading) in enumerate(HEADINGS.items()):
        lines = [
            Line2D([], [], color=colour, linestyle=dashes, label=words)
            for name, (colour, dashes, words) in CURVES.items()
            if name in system["curves"] and system["curves"][name]["smoother"] == smoother
        ]
        if smoother in FOUND and system["found"]:
            colour, marker = FOUND[smoother]
            label = "best attack found"
            lines.append(Line2D([], [], color=colour, marker=marker, mfc="white", label=label))
        if lines:
            figure.legend(
                handles=lines, title=heading, loc="upper left", alignment="left",
                title_fontproperties={"weight": "bold", "size": 9},
                bbox_to_anchor=(left + 0.34 * i, (frame.bottom - 0.45) / frame.height),
            )  # fmt: skip
    figure.text(left, 0.12 / frame.height, _said(record), fontsize=8, color=FAINT, va="bottom")


def _said(record: dict[str, Any]) -> str:
    asked, attacked = record["asked"], next(iter(record["systems"].values()))["found"]
    lines = [
        f"median over {record['images']} images (band: 10 to 90 %), sigma {asked['sigma']:g}, "
        f"n {asked['n']:,}, confidence {1 - asked['alpha']:g} per image and smoother"
    ]
    if attacked:
        lines[0] += f"; attack: median over the first {attacked['n']}"
    if norms := record["trigger"]["l2"]:
        levels = "trigger levels" if len(norms) > 1 else "the trigger"
        lines.append(
            f"dashed verticals: median L2 norm of {levels} of {record['trigger']['attack']}"
        )
    return "\n".join(lines)
