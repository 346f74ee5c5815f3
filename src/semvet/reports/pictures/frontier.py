"""Every defense of a run side by side: what it leaves of the attack, and what it costs.

    x   dB of PSNR that benign images lose on the attacked system
    y   ASR that is left, of the level with the largest share; detectors: of images let through

Points are numbered as the table is.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semvet.reports.frontier import FEWEST, Point, frontier, points
from semvet.reports.pictures.look import ATTACKED, CLEAN, FAINT, INK, Frame
from semvet.reports.reading import Reading

NEAR = (18, 12)  # dots, across and up, within which points get one label
LOSSES = (-1, -0.5, 0, 0.5, 1, 2, 5, 10, 20)  # dB, marked on the axis: linear up to 1, then log


def draw_frontier(reading: Reading) -> Figure | None:
    every = points(reading)
    if len(every) < FEWEST or not reading.has_attack:
        return None
    frame = Frame(8.6, 5.2, top=0.45, bottom=0.95)
    figure, (axes,) = frame.panels(1, 1)
    edge = frontier(every)
    axes.step(
        [p.loss_db for p in edge], [p.worst for p in edge], where="post", color=FAINT,
        linewidth=1, label="frontier: nothing leaves less and costs less",
    )  # fmt: skip
    for some, colour, face, text in (
        ([p for p in every if p.gone and not p.misdirected], CLEAN, CLEAN, "gone"),
        ([p for p in every if p.misdirected], CLEAN, "white", "gone, but some target comes anyway"),
        ([p for p in every if not p.gone], ATTACKED, ATTACKED, "not gone"),
    ):
        axes.plot(
            [p.loss_db for p in some], [p.worst for p in some], "o", color=colour, markersize=6,
            markerfacecolor=face, label=text, clip_on=False,
        )  # fmt: skip
    axes.set_xscale("symlog", linthresh=1, linscale=1.2)
    low, high = min(p.loss_db for p in every), max(p.loss_db for p in every)
    axes.set(xlim=(min(low, 0) - 0.25, max(1.5, 1.3 * high)), ylim=(-0.04, 1.06))
    axes.set_xticks(LOSSES, [f"{loss:g}" for loss in LOSSES])
    axes.minorticks_off()
    axes.set_xlim(min(low, 0) - 0.25, max(1.5, 1.3 * high))  # ticks have moved it
    axes.axvline(0, color=FAINT, linewidth=0.6)
    _numbers(axes, every)
    axes.set_xlabel("PSNR that benign images lose on the attacked system, dB")
    axes.set_ylabel("ASR left, worst level")
    axes.set_title("Defenses by what they leave and what they cost; numbers as in the table")
    axes.grid()
    figure.legend(loc="lower left", bbox_to_anchor=(frame.left / frame.width, 0), ncols=2)
    return figure


def _numbers(axes: Axes, every: list[Point]) -> None:
    """One text for points that lie on each other, above or below them, inside the axes."""
    places: list[tuple[float, float, list[Point]]] = []
    for point in sorted(every, key=lambda p: p.number):
        x, y = axes.transData.transform((point.loss_db, point.worst))
        near = [p for at, up, p in places if abs(at - x) < NEAR[0] and abs(up - y) < NEAR[1]]
        if near:
            near[0].append(point)
        else:
            places.append((x, y, [point]))
    for _, _, some in places:
        numbers = [str(p.number) for p in some]
        rows = [", ".join(numbers[i : i + 6]) for i in range(0, len(numbers), 6)]
        below = some[0].worst > 0.5
        axes.annotate(
            "\n".join(rows), (some[0].loss_db, some[0].worst), xytext=(0, -7 if below else 7),
            textcoords="offset points", fontsize=8, color=INK, ha="center",
            va="top" if below else "bottom",
        )  # fmt: skip
