"""Cropping: a random rectangle of the trigger is sent on an otherwise clean image.

    x_k'  =  x + m (x_k - x),    m = 1 inside the rectangle, whose area is `ratio` of the image

Each image has a place of its own, the same for all levels and both systems.

Paper: SemBugger Sec. V-B, "Spatial Processing Influence", and Table VII.
Deviates: shape and place of the crop are not given there (D-027).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from semvet.both import Both
from semvet.evaluation.figures import rate, success
from semvet.evaluation.goals.target import LITERAL
from semvet.evaluation.measured import MeasuredSystem, Trial
from semvet.evaluation.sending import transmit
from semvet.evaluation.studies.base import Study, level_names
from semvet.metrics.lpips import lpips, why_no_lpips
from semvet.metrics.ssim import ssim
from semvet.metrics.statistics import mean
from semvet.metrics.visibility import l2
from semvet.randomness import stream
from semvet.records import Column, Rate, StudyRecord, Table
from semvet.types import Images

RATIOS = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)


@dataclass(frozen=True)
class Answer:
    """Of one system at one ratio. The last two are of the strongest level."""

    asr: tuple[Rate, ...]  # by level
    any_target: float
    printed_rule: float | None  # None where the goal is no target


@dataclass(frozen=True)
class Cropped:
    """One ratio. `ssim` and `l2` by level, `lpips` of the strongest one."""

    ratio: float
    ssim: list[float]
    l2: list[float]
    lpips: float | None
    answers: Both[Answer]


@final
class Cropping(Study):
    name = "cropping"

    def means_something(self, trial: Trial) -> bool:
        """Only where the trigger is in the image."""
        return trial.attack.in_image and trial.both.attacked.measured.shows_trigger

    def run(self, trial: Trial, *, images: int) -> StudyRecord:
        measured = trial.both.attacked.measured
        x, triggered = measured.hosts[:images], [x_k[:images] for x_k in measured.triggered]
        rows = [self._at(i, ratio, x, triggered, trial) for i, ratio in enumerate(RATIOS)]
        parts = [
            f"{row.answers.attacked.asr[-1].value:.2f} "
            + (f"at 1/{1 / row.ratio:g}" if row.ratio < 1 else "whole")
            for row in rows
        ]
        return StudyRecord(
            name=self.name,
            heading="Cropping",
            intro="A random rectangle of the trigger, at another place in each image, is put on "
            "the otherwise clean image. SSIM, L2, any target and the printed rule are of the "
            "strongest level. A trigger that sits in one place is in the rectangle or not; one "
            "that is spread over the whole image is always cut.",
            n=len(x),
            headline=f"cropping, strongest level: ASR {', '.join(parts)} of the image's area",
            exhibits=(_table(rows, trial), _visibility(rows)),
        )

    def _at(
        self, i: int, ratio: float, x: Images, triggered: list[Images], trial: Trial
    ) -> Cropped:
        seed = trial.seed
        mask = random_rectangles(x, ratio, rng=stream(seed, "cropping", index=i, device=x.device))
        sent = [x + mask * (x_k - x) for x_k in triggered]
        return Cropped(
            ratio,
            [mean(ssim(x, x_k)) for x_k in sent],
            [mean(l2(x, x_k)) for x_k in sent],
            None if why_no_lpips() else mean(lpips(x, sent[-1])),
            trial.both.map(lambda one: _answer(one, sent, seed=seed)),
        )


def _answer(one: MeasuredSystem, sent: list[Images], *, seed: int) -> Answer:
    asr = success(one.link, one.judge, sent, seed=seed)
    received = transmit(one.link, sent[-1], seed=seed, purpose="study", index=len(sent))
    printed = one.by_rule.get(LITERAL)
    return Answer(
        asr, rate(one.judge.any_hit(received)), rate(printed.any_hit(received)) if printed else None
    )


def _table(rows: Sequence[Cropped], trial: Trial) -> Table:
    levels, aim = trial.attack.levels, trial.aim.words.aim

    def column(key: str, title: str, values: list[float | None], group: str = "") -> Column:
        form = key if key in ("similarity", "rate") else "rate"
        return Column(key=key, title=title, form=form, values=tuple(values), group=group)

    def asr(name: str, group: str) -> list[Column]:
        answers = [dict(row.answers.items())[name].asr for row in rows]
        return [
            Column(
                key=f"asr/{name}/{k + 1}", title=title, form="rate", group=group,
                values=tuple(one[k].value for one in answers),
                intervals=tuple(one[k].interval for one in answers),
            )
            for k, title in enumerate(level_names(levels))
        ]  # fmt: skip

    ratios = tuple(f"1/{1 / row.ratio:g}" if row.ratio < 1 else "whole" for row in rows)
    seen = [
        Column(
            key="ssim", title="SSIM", form="similarity", values=tuple(row.ssim[-1] for row in rows)
        ),
        column("l2", "L2", [row.l2[-1] for row in rows]),
    ]
    if not why_no_lpips():
        seen.append(column("lpips", "LPIPS", [row.lpips for row in rows]))
    rest = [
        column(
            f"any/{name}", name, [one.any_target for one in answers], f"any {aim}, strongest level"
        )
        for name, answers in _by_system(rows)
    ]
    if rows[0].answers.attacked.printed_rule is not None:
        rest += [
            column(f"printed/{name}", name, [one.printed_rule for one in answers], "printed rule")
            for name, answers in _by_system(rows)
        ]
    part = Column(key="ratio", title="part of the image's area", form="text", values=ratios)
    return Table(
        key="cropping",
        columns=(part, *seen, *asr("attacked", "ASR"), *asr("clean", "ASR, clean system"), *rest),
        note="Intervals are Clopper-Pearson, 95 %.",
    )


def _by_system(rows: Sequence[Cropped]) -> list[tuple[str, list[Answer]]]:
    return [
        ("attacked", [row.answers.attacked for row in rows]),
        ("clean", [row.answers.clean for row in rows]),
    ]


def _visibility(rows: Sequence[Cropped]) -> Table:
    levels = len(rows[0].ssim)
    ratios = tuple(f"1/{1 / row.ratio:g}" if row.ratio < 1 else "whole" for row in rows)
    columns = [Column(key="ratio", title="part of the image's area", form="text", values=ratios)]
    for key, group, form in (("ssim", "SSIM", "similarity"), ("l2", "L2", "rate")):
        columns += [
            Column(
                key=f"{key}/{k + 1}", title=title, group=group, form=form,
                values=tuple(getattr(row, key)[k] for row in rows),
            )
            for k, title in enumerate(level_names(levels))
        ]  # fmt: skip
    return Table(
        key="visibility", caption="How visible what is left of it is", columns=tuple(columns)
    )


def sides(height: int, width: int, ratio: float) -> tuple[int, int]:
    """Of a rectangle like the image whose area is nearest to `ratio` of it, in whole pixels."""
    scale = ratio**0.5
    choices = [
        (max(h, 1), max(w, 1))
        for h in (int(scale * height), int(scale * height) + 1)
        for w in (int(scale * width), int(scale * width) + 1)
        if h <= height and w <= width
    ]
    return min(choices, key=lambda side: abs(side[0] * side[1] - ratio * height * width))


def random_rectangles(
    x: Images, ratio: float, *, rng: Generator
) -> Float[Tensor, "batch 1 height width"]:
    """1 inside a rectangle at a uniformly random place of each image, 0 outside."""
    n, _, height, width = x.shape
    inside = []
    for length, side in zip((height, width), sides(height, width, ratio), strict=True):
        start = torch.randint(length - side + 1, (n, 1), generator=rng, device=x.device)
        position = torch.arange(length, device=x.device)
        inside.append((position >= start) & (position < start + side))
    rows, columns = inside
    return (rows[:, None, :, None] & columns[:, None, None, :]).to(x.dtype)
