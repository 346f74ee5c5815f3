"""A defense on the attacked system, measured as the undefended one was, and what it costs."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from semvet.attacks import Attack, Goal
from semvet.config import Spec
from semvet.defenses import Certificate, Defended, View
from semvet.metrics.judge import Judge
from semvet.metrics.statistics import mean
from semvet.metrics.visibility import l2
from semvet.randomness import stream
from semvet.stages.evaluate import Measurement, Sample, measure, summarize
from semvet.stages.schema import make_defense
from semvet.stages.subject import Subject
from semvet.types import PerImage

RADII = (0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Outcome:
    figures: dict[str, Any]
    measured: Measurement
    radius: PerImage | None  # certified, for each benign image


def defend(
    spec: Spec, attacked: Subject, clean: Subject, attack: Attack, sample: Sample, *, seed: int
) -> Outcome:
    """Puts a defense on the attacked system and on the null control that was never attacked."""
    defense, x = make_defense(spec), attacked.before.sent
    few, usual = sample.first(len(attacked.before.carriers)), attacked.link.air
    defended, on_clean = (
        defense.apply(
            View(defense.vantage, subject.link), rng=stream(seed, "defense", device=x.device)
        )
        for subject in (attacked, clean)
    )
    began = time.perf_counter()
    after = measure(defended.link, attack, few, attacked.judge, usual=usual, seed=seed, draws=1)
    seconds = time.perf_counter() - began
    clean_after = measure(on_clean.link, attack, few, clean.judge, usual=usual, seed=seed, draws=1)
    summary, clean_summary = summarize(after, attacked.judge), summarize(clean_after, clean.judge)
    certificate, certified = _certificate(defended, attacked.judge, after, attack, seed=seed)
    figures = {
        "name": spec.name,
        "args": spec.args,
        "vantage": [v.name for v in defense.vantage],
        "before": summarize(attacked.before, attacked.judge),
        "after": summary,
        "clean_system_before": summarize(clean.before, clean.judge),
        "clean_system_after": clean_summary,
        "benign_hit_rate": summary["benign_any"],
        "recovered_psnr_db": summary["recovered_psnr_db"],
        "clean_system_psnr_before_db": mean(clean.before.psnr_db),
        "clean_system_psnr_db": clean_summary["psnr_db"],
        "channel_uses_factor": defended.channel_uses_factor,
        "ms_per_image": 1000 * seconds / (len(x) + len(few.carriers) * attack.levels),
        "findings": defended.findings,
        "certificate": certified,
    }
    return Outcome(figures, after, certificate.radius if certificate else None)


@torch.no_grad()
def _certificate(
    defended: Defended, judge: Judge, after: Measurement, attack: Attack, *, seed: int
) -> tuple[Certificate | None, dict[str, Any] | None]:
    if defended.certify is None or attack.goal is Goal.REMOVAL:  # no vote on what is not there
        return None, None
    x = after.sent
    one = defended.certify(x, judge.any_hit, stream(seed, "certify", device=x.device))
    sizes = [l2(after.carriers, x_k) for x_k in after.triggered]
    certified = one.radius > 0
    figures = {
        "of": "the vote J of Theorem 3, not the average that is deployed",
        "n": len(x),
        "alpha": one.alpha,
        "copies": one.copies,
        "radii": list(RADII),
        "certified_accuracy": [_share(one.radius > r) for r in RADII],
        "mean_radius": mean(one.radius),
        "abstains": _share(~certified),
        "violates_assumption_2": _share(one.safe_share < 0.5),
        "certified_coverage": [_share(certified & (size <= one.radius)) for size in sizes],
    }
    return one, figures


def _share(flags: Tensor) -> float:
    return mean(flags.float())
