"""A defense on the attacked system, measured as the undefended one was, and what it costs."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from semvet.attacks import Attack
from semvet.config import Spec
from semvet.defenses import Certificate, Defended, View
from semvet.metrics.judge import Judge
from semvet.metrics.psnr import psnr_db
from semvet.metrics.statistics import mean
from semvet.randomness import stream
from semvet.stages.evaluate import Measurement, measure, summarize, transmit
from semvet.stages.schema import make_defense
from semvet.systems import TrainableLink
from semvet.types import Images

RADII = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Outcome:
    figures: dict[str, Any]
    measured: Measurement


def defend(
    spec: Spec, link: TrainableLink, clean: TrainableLink, attack: Attack, judge: Judge,
    x: Images, *, seed: int,
) -> Outcome:  # fmt: skip
    """Args:
    link, clean: the attacked system and the null control that was never attacked.
    judge: the one made for the undefended attacked system.
    x: test images.
    """
    defense = make_defense(spec)
    defended = defense.apply(View(link), rng=stream(seed, "defense", device=x.device))
    on_clean = defense.apply(View(clean), rng=stream(seed, "defense", device=x.device))
    began = time.perf_counter()
    after = measure(defended.link, attack, x, seed=seed, draws=1)
    seconds = time.perf_counter() - began
    through_clean = transmit(on_clean.link, x, seed=seed, purpose="evaluate benign")
    before_clean = transmit(clean, x, seed=seed, purpose="evaluate benign")
    figures = {
        "name": spec.name,
        "args": spec.args,
        "vantage": [v.name for v in defense.vantage],
        "before": summarize(measure(link, attack, x, seed=seed, draws=1), judge),
        "after": summarize(after, judge),
        "benign_hit_rate": mean(judge.reached(after.scores).any(dim=1).float()),
        "recovered_psnr_db": [mean(psnr_db(y, x)) for y in after.received_triggered],
        "clean_system_psnr_before_db": mean(psnr_db(before_clean, x)),
        "clean_system_psnr_db": mean(psnr_db(through_clean, x)),
        "channel_uses_factor": defended.channel_uses_factor,
        "ms_per_image": 1000 * seconds / (len(x) * (1 + attack.levels)),
        "findings": defended.findings,
        "certificate": _certificate(defended, judge, x, after, seed=seed),
    }
    return Outcome(figures, after)


@torch.no_grad()
def _certificate(
    defended: Defended, judge: Judge, x: Images, after: Measurement, *, seed: int
) -> dict[str, Any] | None:
    if defended.certify is None:
        return None
    rng = stream(seed, "certify", device=x.device)
    parts = [defended.certify(part, judge.any_hit, rng) for part in x.split(500)]
    one = Certificate(torch.cat([p.radius for p in parts]), parts[0].alpha, parts[0].copies)
    sizes = [(x_k - x).flatten(1).norm(dim=1) for x_k in after.triggered]
    return {
        "of": "the vote J of Theorem 3, not the average that is deployed",
        "n": len(x),
        "alpha": one.alpha,
        "copies": one.copies,
        "radii": list(RADII),
        "certified_accuracy": [_share(one.radius > r) for r in RADII],
        "mean_radius": mean(one.radius),
        "violates_assumption_2": _share(one.radius == 0),
        "certified_coverage": [_share(size <= one.radius) for size in sizes],
    }


def _share(flags: Tensor) -> float:
    return mean(flags.float())
