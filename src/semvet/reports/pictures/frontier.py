"""Every defense of a run side by side: what it leaves of the attack, and what it costs.

    x   dB of PSNR that benign images lose on the attacked system
    y   ASR that is left, of the level with the largest share; detectors: of images let through

Points are numbered as the table is. A defense is on the frontier if no other one leaves less and
costs less.
"""

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semvet.reports.pictures.look import ATTACKED, CLEAN, FAINT, INK, Frame
from semvet.reports.record import Record, labels
from semvet.reports.verdict import GONE

FEWEST = 5  # with `none`, that make a frontier worth drawing
NEAR = (18, 12)  # dots, across and up, within which points get one label
LOSSES = (-1, -0.5, 0, 0.5, 1, 2, 5, 10, 20)  # dB, marked on the axis: linear up to 1, then log


@dataclass(frozen=True)
class Point:
    """One defense on the attacked system and on the clean one."""

    number: int
    label: str
    vantage: str
    asr: list[float]  # left, by level
    benign: list[float]  # benign images that are hits of each level
    other: float | None  # triggered images that are hits of any level, less benign ones before
    psnr_db: float
    loss_db: float
    clean_loss_db: float
    recovered_psnr_db: list[float]
    auroc: float | None  # mean over levels, of a detector or of an audit of training images
    clean_auroc: float | None  # the same on a system without a backdoor
    recall: float | None  # at 1 % false positives, mean over levels
    radius: float | None  # median certified, of the vote J
    uses: float
    ms: float  # per image, a detector's score included

    @property
    def worst(self) -> float:
        return max(self.asr)

    @property
    def gone(self) -> bool:
        """ASR minus the benign rate is at most 0.01 at every level."""
        return all(a - b <= GONE for a, b in zip(self.asr, self.benign, strict=True))

    @property
    def misdirected(self) -> bool:
        """Gone, but triggered images come out as some target: of another level, or because the
        defense fires it on every image."""
        return self.gone and self.other is not None and self.other > GONE


def points(defenses: list[dict[str, Any]]) -> list[Point]:
    """Of metrics["defenses"], in their order."""
    named = zip(defenses, labels(defenses), strict=True)
    return [_point(number, label, one) for number, (one, label) in enumerate(named, start=1)]


def _point(number: int, label: str, one: dict[str, Any]) -> Point:
    before, after, detection = one["before"], one["after"], one["detection"]
    other = max(after["asr_any"]) - before["benign_any"]
    certificate = one["certificate"]
    return Point(
        number, label, ", ".join(one["vantage"]).lower(),
        detection["asr_left"] if detection else after["asr"],
        after["benign_false_positive"], None if detection else other, after["psnr_db"],
        before["psnr_db"] - after["psnr_db"],
        one["clean_system_psnr_before_db"] - one["clean_system_psnr_db"],
        after["recovered_psnr_db"],
        _mean(one["detection"] or one["suspicion"], "auroc"),
        _mean(one["clean_system_detection"] or one["clean_system_suspicion"], "auroc"),
        _mean(one["detection"] or one["suspicion"], "recall"),
        certificate["median_radius"] if certificate else None,
        one["channel_uses_factor"],
        one["ms_per_image"] + (detection.get("ms_per_image", 0.0) if detection else 0.0),
    )  # fmt: skip


def _mean(figures: dict[str, Any] | None, key: str) -> float | None:
    value = figures.get(key) if figures else None
    return sum(value) / len(value) if isinstance(value, list) else value


def frontier(every: list[Point]) -> list[Point]:
    """Those that no other point beats in both, cheapest first."""
    best, kept = float("inf"), []
    for point in sorted(every, key=lambda p: (p.loss_db, p.worst)):
        if point.worst < best:
            best = point.worst
            kept.append(point)
    return kept


def draw_frontier(record: Record) -> Figure | None:
    every = points(record.metrics["defenses"])
    if len(every) < FEWEST or not record.has_attack:
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
