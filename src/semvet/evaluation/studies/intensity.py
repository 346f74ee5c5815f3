"""Intensity: what the receiver shows while the trigger grows, and which level comes out as which.

    x(s) = clip(x + s (x_T - x)),   s = 0 .. 1.5:   share of hits of outcome 1..T, and of none
    confusion matrix:               level sent (0: benign) x outcome (none, 1..T)

A trigger that works at its T levels only is one that a transmitter's gain control may break; one
that works anywhere between is easier to find.

Paper: SemBugger Eq. (4), intensities k/T; outcomes between them are not shown there (D-027).
"""

from typing import Any

import torch
from torch import Tensor

from semvet.attacks import Attack
from semvet.evaluation.goals.judge import Judge, Scores
from semvet.evaluation.measurement import CHUNK, rate, transmit
from semvet.evaluation.subject import Subject
from semvet.types import Images

INTENSITIES = tuple(i / 16 for i in range(25))


def intensity(
    attack: Attack, attacked: Subject, clean: Subject, *, images: int, seed: int
) -> dict[str, Any]:
    """Shares of outcomes (none, 1..T) at each intensity, of at most `images` images, and both
    confusion matrices, of all that were measured."""
    x, systems = attacked.measured.hosts[:images], {"attacked": attacked, "clean": clean}
    shares: dict[str, list[list[float]]] = {name: [] for name in systems}
    for s in INTENSITIES:
        sent = scaled_images(attack, x, intensity=s)
        for name, one in systems.items():
            received = transmit(one.link, sent, seed=seed, purpose="study")
            shares[name].append(outcomes(one.judge, one.judge.scores(received)))
    return {
        "intensities": list(INTENSITIES),
        "n": len(x),
        **shares,
        "confusion": {
            "n_benign": len(attacked.measured.sent),
            "n_triggered": len(attacked.measured.hosts),
            **{name: confusion(one) for name, one in systems.items()},
        },
    }


@torch.no_grad()
def scaled_images(attack: Attack, x: Images, *, intensity: float) -> Images:
    return torch.cat([attack.scaled(part, intensity=intensity) for part in x.split(CHUNK)])


def outcomes(judge: Judge, scores: Scores) -> list[float]:
    """Share of images that are a hit of none, 1, ..., T. No image is a hit of two."""
    hits: list[Tensor] = [judge.hits(scores, k) for k in range(1, scores.shape[1] + 1)]
    return [rate(~torch.stack(hits).any(dim=0)), *(rate(h) for h in hits)]


def confusion(one: Subject) -> list[list[float]]:
    """Rows: benign, then levels 1..T. Columns: none, then outcomes 1..T."""
    return [outcomes(one.judge, s) for s in (one.measured.scores, *one.measured.scores_triggered)]
