"""Every defense of a run side by side: what it leaves of the attack, and what it costs.

A defense is on the frontier if no other one leaves less and costs less.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from semvet.records import DefenseRecord, DetectionRecord, SuspicionRecord
from semvet.reports.reading import Defended, Reading
from semvet.reports.verdict import GONE

FEWEST = 5  # with `none`, that make a frontier worth drawing


@dataclass(frozen=True)
class Point:
    """One defense on the attacked system and on the clean one."""

    number: int
    label: str
    vantage: str
    asr: list[float]  # left, by level; detectors: of images let through
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


def points(reading: Reading) -> list[Point]:
    """Of every defense in its order, `none` too."""
    return [_point(reading, one) for one in reading.every_defense]


def _point(reading: Reading, defended: Defended) -> Point:
    one, before = defended.record, reading.undefended
    after = one.after.attacked
    detection = one.detection.attacked if one.detection else None
    other = max(level.any_target for level in after.levels) - before.attacked.benign_any.value
    return Point(
        number=defended.index + 1,
        label=defended.label,
        vantage=", ".join(one.vantage).lower(),
        asr=[level.asr_left for level in detection.levels] if detection else after.asr,
        benign=after.benign,
        other=None if detection else other,
        psnr_db=after.psnr_db.value,
        loss_db=before.attacked.psnr_db.value - after.psnr_db.value,
        clean_loss_db=before.clean.psnr_db.value - one.after.clean.psnr_db.value,
        recovered_psnr_db=[level.recovered_psnr_db for level in after.levels],
        auroc=_auroc(detection or _suspicion(one, "attacked")),
        clean_auroc=_auroc(one.detection.clean if one.detection else _suspicion(one, "clean")),
        recall=_recall(detection or _suspicion(one, "attacked")),
        radius=one.certificate.median_radius if one.certificate else None,
        uses=one.channel_uses_factor,
        ms=one.ms_per_image + (detection.ms_per_image if detection else 0.0),
    )


def _suspicion(one: DefenseRecord, system: str) -> SuspicionRecord | None:
    if one.suspicion is None:
        return None
    return one.suspicion.attacked if system == "attacked" else one.suspicion.clean


def _auroc(figures: DetectionRecord | SuspicionRecord | None) -> float | None:
    if isinstance(figures, DetectionRecord):
        return _mean(level.auroc for level in figures.levels)
    return figures.auroc if figures else None


def _recall(figures: DetectionRecord | SuspicionRecord | None) -> float | None:
    if isinstance(figures, DetectionRecord):
        return _mean(level.recall for level in figures.levels)
    return figures.recall if figures else None


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return sum(every) / len(every)


def frontier(every: list[Point]) -> list[Point]:
    """Those that no other point beats in both, cheapest first."""
    best, kept = float("inf"), []
    for point in sorted(every, key=lambda p: (p.loss_db, p.worst)):
        if point.worst < best:
            best = point.worst
            kept.append(point)
    return kept
