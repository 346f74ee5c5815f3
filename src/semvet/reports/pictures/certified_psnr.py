"""Certified PSNR of the smoothed picture over the radius, and the best attack on the same axes.

certificates-<id>.json  ->  certificates-<id>.png

A row is a system, a column a question: how far can an attacker move the picture, and what is left
of it. Colours are smoothers (different systems: the better of two curves is no certificate), dashes
are certificates of one smoother. The attack lies above its smoother's curves.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, StrMethodFormatter

from semvet.records import CertificateRecord
from semvet.records.certificate import CurveRecord, Quantiles, Reached, SystemCertificates
from semvet.reports.certificates import read_certificate
from semvet.reports.pictures.look import ATTACKED, FAINT, Frame, level_colour, png
from semvet.store import RunFolder, write_bytes

COLOURS = {"mean": "#1d6fb8", "median": "#c2570c", "center": "#2e7d32"}  # of smoothers
DASHES: dict[str, Any] = {  # of certificates; the strongest of each smoother is solid
    "theorem-1": (0, (1, 2.5)),
    "total-variation": (0, (1, 1)),
    "mean": (0, (6, 2)),
    "trace": (0, (6, 2, 1.5, 2)),
    "spectral": "-",
    "median": "-",
    "center": "-",
}
OTHER = (0, (3, 1, 1, 1, 1, 1))
HIDDEN = "best-of-mean"  # it lies on the curves that it is the best of
HEADINGS = {
    "mean": "mean, what Algorithm 2 sends",
    "median": "median",
    "center": "center",
}
FOUND: dict[str, tuple[str, str]] = {"mean": (ATTACKED, "o"), "median": ("#8a3b00", "s")}
Question = Literal["between_db", "truth_db"]
QUESTIONS: dict[Question, str] = {
    "between_db": "How far can it be moved?  PSNR(S(x'), S(x)) in dB",
    "truth_db": "What is left of the image?  PSNR(S(x'), x) in dB",
}


def write_certified_psnr(path: Path) -> Path:
    """Draws certificates-<id>.json, over an earlier picture of it."""
    content = png(draw_certified_psnr, read_certificate(path))
    assert content is not None  # there is always something to show
    picture = path.with_suffix(".png")
    with RunFolder(path.parent).drawing():
        write_bytes(picture, content)
    return picture


def draw_certified_psnr(record: CertificateRecord) -> Figure:
    rows, below = list(record.systems), 2.35  # inches, for axis labels and legends
    frame = Frame(9.2, 1.0 + 2.9 * len(rows) + below, left=0.75, top=1.0, bottom=below)
    figure, panels = frame.panels(
        len(rows), 2, sharex=True, sharey="col", gridspec_kw={"hspace": 0.2, "wspace": 0.13}
    )
    places = [(row, key) for row in rows for key in QUESTIONS]
    for axes, (row, key) in zip(panels, places, strict=True):
        _panel(axes, record, record.systems[row], key)
        axes.set_ylim(0, 1.05 * _highest(record, key))
        if key == "between_db":
            axes.set_ylabel(_name(row, record), weight="bold")
        if row == rows[0]:
            axes.text(0, 1.27, QUESTIONS[key], transform=axes.transAxes, fontsize=10)
            _in_sigma(axes, record.asked.sigma)
        if row == rows[-1]:
            axes.set_xlabel("L2 radius r in pixel units, log scale")
    _legends(figure, frame, record)
    return figure


def _name(row: str, record: CertificateRecord) -> str:
    if row == "attacked":
        return f"attacked system ({record.trigger.attack})"
    return "clean system (null control)" if len(record.systems) > 1 else "clean system"


def _highest(record: CertificateRecord, key: Question) -> float:
    """Of what is drawn of any system."""
    values = [0.1]
    for system in record.systems.values():
        drawn = [_asked(curve, key).high for curve in system.curves.values()]
        drawn += [_asked(found, key).median for found in _found(system).values()]
        values += [value for line in drawn for value in line]
    return max(values)


def _asked(answers: CurveRecord | Reached, key: Question) -> Quantiles:
    return answers.between_db if key == "between_db" else answers.truth_db


def _found(system: SystemCertificates) -> dict[str, Reached]:
    """By smoother."""
    return {"mean": system.found.mean, "median": system.found.median} if system.found else {}


def _drawn(system: SystemCertificates) -> dict[str, CurveRecord]:
    return {name: curve for name, curve in system.curves.items() if name != HIDDEN}


def _panel(
    axes: Axes, record: CertificateRecord, system: SystemCertificates, key: Question
) -> None:
    radii, norms = record.radii, record.trigger.l2
    axes.set_xscale("log")
    for name, curve in _drawn(system).items():
        colour, dashes = COLOURS.get(curve.smoother, FAINT), DASHES.get(name, OTHER)
        quantiles = _asked(curve, key)
        axes.plot(
            radii, quantiles.median, color=colour, linestyle=dashes,
            linewidth=1.9 if dashes == "-" else 1.2,
        )  # fmt: skip
        if dashes == "-":
            axes.fill_between(
                radii, quantiles.low, quantiles.high, color=colour, alpha=0.12, linewidth=0
            )
    for smoother, found in _found(system).items():
        colour, marker = FOUND[smoother]
        axes.plot(
            radii, _asked(found, key).median, color=colour, marker=marker, markersize=4,
            linewidth=1.0, markerfacecolor="white", zorder=4,
        )  # fmt: skip
    _triggers(axes, norms)
    axes.set_xlim(0.85 * radii[0], 1.15 * max([radii[-1], *map(_middle, norms)]))
    axes.xaxis.set_major_locator(FixedLocator([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid()


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _triggers(axes: Axes, norms: Sequence[Sequence[float]]) -> None:
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


def _legends(figure: Figure, frame: Frame, record: CertificateRecord) -> None:
    system = next(iter(record.systems.values()))
    left = frame.left / frame.width
    for i, (smoother, heading) in enumerate(HEADINGS.items()):
        lines = [
            Line2D(
                [],
                [],
                color=COLOURS[smoother],
                linestyle=DASHES.get(name, OTHER),
                label=curve.words,
            )
            for name, curve in _drawn(system).items()
            if curve.smoother == smoother
        ]
        if smoother in FOUND and system.found:
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


def _said(record: CertificateRecord) -> str:
    asked, attacked = record.asked, next(iter(record.systems.values())).found
    lines = [
        f"median over {record.images} images (band: 10 to 90 %), sigma {asked.sigma:g}, "
        f"n {asked.n:,}, confidence {1 - asked.alpha:g} per image and smoother"
    ]
    if attacked:
        lines[0] += f"; attack: median over the first {attacked.n}"
    if norms := record.trigger.l2:
        levels = "trigger levels" if len(norms) > 1 else "the trigger"
        lines.append(f"dashed verticals: median L2 norm of {levels} of {record.trigger.attack}")
    return "\n".join(lines)
