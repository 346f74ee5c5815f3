"""How far a certificate reaches: certified accuracy of the vote J over the L2 radius."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semvet.reports.look import CURVES, DASHES, FAINT, MARKERS, Frame, level_colour
from semvet.reports.numbers import rate
from semvet.reports.record import Record


def draw_certificate(record: Record) -> Figure | None:
    if not record.certified:
        return None
    legend = 0.2 * (len(record.certified) + 1)  # inches
    frame = Frame(8.6, 4.2 + legend, top=0.6, bottom=0.65 + legend)
    figure, (axes,) = frame.panels(1, 1)
    _curves(axes, record)
    if record.has_attack:
        _triggers(axes, record)
    axes.set(ylim=(0, 1.02), xlabel="L2 radius in pixel units", ylabel="certified accuracy")
    axes.set_xlim(0, _reach(record))
    axes.grid()
    axes.set_title("Certified accuracy of the vote J, not of the average that is deployed", pad=22)
    figure.legend(loc="lower left", bbox_to_anchor=(frame.left / frame.width, 0), ncols=1)
    return figure


def _reach(record: Record) -> float:
    """Right end of the axis: past the largest trigger and the first radius that nobody reaches."""
    ends = [size for size in record.metrics["trigger"]["l2"] if size is not None]
    for defense in record.certified:
        found = defense.figures["certificate"]
        pairs = zip(found["radii"], found["certified_accuracy"], strict=True)
        ends.append(min((r for r, share in pairs if share == 0), default=found["radii"][-1]))
    return 1.08 * max(ends)


def _curves(axes: Axes, record: Record) -> None:
    """Known at the marks; between them the value of the next larger radius, so never too high."""
    for i, defense in enumerate(record.certified):
        found = defense.figures["certificate"]
        inside = sum(r <= _reach(record) for r in found["radii"])
        axes.step(
            found["radii"][:inside], found["certified_accuracy"][:inside], where="pre",
            color=CURVES[i % len(CURVES)], linestyle=DASHES[i % len(DASHES)],
            marker=MARKERS[i % len(MARKERS)], markersize=4, linewidth=1.8,
            label=f"{defense.label} (n = {found['n']}, largest possible radius "
            f"{rate(defense.figures['findings'].get('largest_radius'))})",
            clip_on=False, zorder=3,
        )  # fmt: skip


def _triggers(axes: Axes, record: Record) -> None:
    sizes = record.metrics["trigger"]["l2"]
    for k in record.levels:
        size = sizes[k - 1]
        if size is None:
            continue
        what = "mean L2 of the trigger" + (" levels, numbered above" if len(sizes) > 1 else "")
        axes.axvline(
            size, color=level_colour(k, len(sizes)), linewidth=1.6, zorder=2,
            label=what if k == len(sizes) else "",
        )  # fmt: skip
        text = "trigger" if len(sizes) == 1 else str(k)
        axes.text(
            size, 1.03, text, transform=axes.get_xaxis_transform(), ha="center", va="bottom",
            fontsize=8, color=FAINT,
        )  # fmt: skip
