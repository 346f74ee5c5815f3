"""Intensity: what the receiver shows while the trigger grows, and which level comes out as which.

    x(s) = clip(x + s (x_T - x)),   s = 0 .. 1.5:   share of hits of outcome 1..T, and of none
    confusion matrix:               level sent (0: benign) x outcome (none, 1..T)

A trigger that works at its T levels only is one that a transmitter's gain control may break; one
that works anywhere between is easier to find.

Paper: SemBugger Eq. (4), intensities k/T; outcomes between them are not shown there (D-027).
"""

from typing import final

import torch
from torch import Tensor

from semvet.attacks import Attack
from semvet.evaluation.figures import rate
from semvet.evaluation.goals import Judge, Scores
from semvet.evaluation.measured import MeasuredSystem, Trial
from semvet.evaluation.sending import CHUNK, transmit
from semvet.evaluation.studies.base import Study, level_names
from semvet.records import Bands, Figure, Mark, Matrix, StudyRecord
from semvet.types import Images

INTENSITIES = tuple(i / 16 for i in range(25))
SPOKEN = (0.5, 1.0, 1.5)  # of them, in the headline
TITLES = {"attacked": "Attacked system", "clean": "Clean system (null control)"}
Shares = tuple[float, ...]  # none, then outcomes 1..T


@final
class Intensity(Study):
    name = "intensity"

    def means_something(self, trial: Trial) -> bool:
        """Only where the trigger is in the image."""
        return trial.attack.in_image and trial.both.attacked.measured.shows_trigger

    def run(self, trial: Trial, *, images: int) -> StudyRecord:
        x = trial.both.attacked.measured.hosts[:images]
        shares: dict[str, list[Shares]] = {name: [] for name, _ in trial.both.items()}
        for s in INTENSITIES:
            sent = scaled_images(trial.attack, x, intensity=s)
            for name, one in trial.both.items():
                received = transmit(one.link, sent, seed=trial.seed, purpose="study")
                shares[name].append(outcomes(one.judge, one.judge.scores(received)))
        hits = dict(zip(INTENSITIES, (1 - one[0] for one in shares["attacked"]), strict=True))
        spoken = [f"{hits[s]:.2f} at {s:g}" for s in SPOKEN]
        figures = [_bands(trial, shares)]
        if trial.attack.levels > 1:  # of one level the numbers stand elsewhere
            figures.append(_confusion(trial))
        return StudyRecord(
            name=self.name,
            heading="Intensity",
            intro="",
            n=len(x),
            headline=f"intensity: any outcome {', '.join(spoken)} of the strongest trigger",
            exhibits=tuple(figures),
        )


def _bands(trial: Trial, shares: dict[str, list[Shares]]) -> Figure:
    levels, aim = trial.attack.levels, trial.aim.words.aim
    names = [aim] if levels == 1 else [f"{aim} {k}" for k in range(1, levels + 1)]
    marks = [
        Mark(x=k / levels, label=label)
        for k, label in enumerate(level_names(levels, "trigger"), start=1)
    ]
    one = "as it is" if levels == 1 else "the strongest level"
    return Figure(
        key="intensity",
        alt="Share of outcomes over the intensity of the trigger, for the attacked and the clean "
        "system",
        caption="What comes out while the trigger grows: bands are shares of images that are a "
        "hit, grey is none. Upright lines: the proper levels. Beyond 1 the trigger is stronger "
        "than any that was trained.",
        across=2,
        panels=tuple(
            Bands(
                key=name, title=TITLES[name], x_label=f"intensity of the trigger (1: {one})",
                y_label="share of images", x=INTENSITIES, outcomes=("none", *names),
                shares=tuple(found), marks=tuple(marks),
            )
            for name, found in shares.items()
        ),
    )  # fmt: skip


def _confusion(trial: Trial) -> Figure:
    levels = range(1, trial.attack.levels + 1)
    return Figure(
        key="confusion",
        alt="Matrices of what was sent against what was received",
        caption="Rows are what was sent, columns what the judge of the system took the received "
        "image for. A backdoor with levels of its own has a diagonal on the left and nothing but "
        "the first column on the right.",
        across=2,
        panels=tuple(
            Matrix(
                key=name, title=TITLES[name].removesuffix(" (null control)"),
                rows=("benign", *(f"level {k}" for k in levels)),
                columns=("none", *map(str, levels)), y_label="sent",
                x_label=f"received as {trial.aim.words.aim}", values=confusion(one),
            )
            for name, one in trial.both.items()
        ),
    )  # fmt: skip


@torch.no_grad()
def scaled_images(attack: Attack, x: Images, *, intensity: float) -> Images:
    return torch.cat([attack.scaled(part, intensity=intensity) for part in x.split(CHUNK)])


def outcomes(judge: Judge, scores: Scores) -> Shares:
    """Share of images that are a hit of none, 1, ..., T. No image is a hit of two."""
    hits: list[Tensor] = [judge.hits(scores, k) for k in range(1, scores.shape[1] + 1)]
    return rate(~torch.stack(hits).any(dim=0)), *(rate(h) for h in hits)


def confusion(one: MeasuredSystem) -> tuple[Shares, ...]:
    """Rows: benign, then levels 1..T. Columns: none, then outcomes 1..T."""
    every = (one.measured.scores, *one.measured.scores_triggered)
    return tuple(outcomes(one.judge, scores) for scores in every)
