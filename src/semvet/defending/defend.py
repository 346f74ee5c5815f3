"""A defense on the attacked system, measured as the undefended one was, and what it costs."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from semvet.attacks import Attack, Goal
from semvet.catalog.schema import make_defense
from semvet.config import Spec
from semvet.defending.world import Ground
from semvet.defenses import Certificate, Defended, Defense, MedianPruning
from semvet.evaluation.detection import detection_figures, suspicion_figures
from semvet.evaluation.goals.judge import Judge
from semvet.evaluation.measurement import EvaluationImages, Measurement, measure, summarize
from semvet.evaluation.studies.pruning import pruning_study
from semvet.evaluation.subject import Subject
from semvet.metrics.statistics import mean
from semvet.metrics.visibility import l2
from semvet.randomness import stream
from semvet.systems import Transceiver
from semvet.types import PerImage

RADII = (0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Outcome:
    figures: dict[str, Any]
    measured: Measurement
    radius: PerImage | None  # certified, for each benign image
    pictures: dict[str, Tensor]  # what the defense itself has to show
    hardened: dict[str, nn.Module]  # a system of its own, to be saved; an attack trained with it


def defend(
    spec: Spec, attacked: Subject, clean: Subject, grounds: tuple[Ground, Ground], attack: Attack,
    sample: EvaluationImages, *, seed: int,
) -> Outcome:  # fmt: skip
    """Puts a defense on the attacked system and on the null control that was never attacked.

    Args:
        grounds: the world around each of the two, of which the defense gets its part.
    """
    defense, x = make_defense(spec), attacked.before.sent
    few = sample.first(len(attacked.before.hosts))
    (ours, again), (theirs, _) = (
        ground.put_on(defense, subject.link, rng=stream(seed, "defense", device=x.device))
        for subject, ground in zip((attacked, clean), grounds, strict=True)
    )
    attack = again or attack
    began = time.perf_counter()
    after = _measured(ours, attacked, attack, few, seed=seed)
    seconds = time.perf_counter() - began
    clean_after = _measured(theirs, clean, attack, few, seed=seed)
    summary, clean_summary = summarize(after, attacked.judge), summarize(clean_after, clean.judge)
    certificate, certified = _certificate(ours, attacked.judge, after, attack, seed=seed)
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
        "channel_uses_factor": ours.channel_uses_factor,
        "ms_per_image": 1000 * seconds / (len(x) + len(few.hosts) * attack.levels),
        "findings": ours.findings,
        "clean_system_findings": theirs.findings,
        "detection": _detected(ours, after, attacked.judge, seed=seed),
        "clean_system_detection": _detected(theirs, clean_after, clean.judge, seed=seed),
        "suspicion": _suspected(ours, grounds[0]),
        "clean_system_suspicion": _suspected(theirs, grounds[1]),
        "pruning_study": _pruning_study(defense, ours, attacked, attack, few, seed=seed),
        "certificate": certified,
    }
    hardened: dict[str, nn.Module] = {}
    if isinstance(ours.link, Transceiver) and ours.link is not attacked.link:
        hardened = {"link": ours.link} | ({"attack": again} if again else {})
    radius = certificate.radius if certificate else None
    return Outcome(figures, after, radius, ours.pictures, hardened)


def _measured(
    defended: Defended, subject: Subject, attack: Attack, few: EvaluationImages, *, seed: int
) -> Measurement:
    return measure(
        defended.link, attack, few, subject.judge, nominal=subject.link.nominal, seed=seed, draws=1
    )


def _detected(
    defended: Defended, after: Measurement, judge: Judge, *, seed: int
) -> dict[str, Any] | None:
    if defended.detection is None:
        return None
    return detection_figures(defended.detection, after, judge, seed=seed)


def _suspected(defended: Defended, ground: Ground) -> dict[str, Any] | None:
    if defended.suspicion is None:
        return None
    return suspicion_figures(defended.suspicion, ground.truth(defended.suspicion))


def _pruning_study(
    defense: Defense, defended: Defended, attacked: Subject, attack: Attack,
    few: EvaluationImages, *, seed: int,
) -> dict[str, Any] | None:  # fmt: skip
    """What the attacker could have told the defense; None for other defenses and goals."""
    on_images = attack.goal is Goal.TARGET and attack.in_image
    if not isinstance(defense, MedianPruning) or not on_images:
        return None
    return pruning_study(attacked.link, attack, few.benign, defense, defended.findings, seed=seed)


@torch.no_grad()
def _certificate(
    defended: Defended, judge: Judge, after: Measurement, attack: Attack, *, seed: int
) -> tuple[Certificate | None, dict[str, Any] | None]:
    if defended.certify is None or attack.goal is Goal.REMOVAL:  # no vote on what is not there
        return None, None
    x = after.sent
    one = defended.certify(x, judge.any_hit, stream(seed, "certify", device=x.device))
    sizes = [l2(after.hosts, x_k) for x_k in after.triggered]
    certified = one.radius > 0
    figures = {
        "of": "the vote J of Theorem 3, not the average that is deployed",
        "n": len(x),
        "alpha": one.alpha,
        "copies": one.copies,
        "radii": list(RADII),
        "certified_accuracy": [_share(one.radius > r) for r in RADII],
        "mean_radius": mean(one.radius),
        "median_radius": float(one.radius.median()),
        "abstains": _share(~certified),
        "violates_assumption_2": _share(one.safe_share < 0.5),
        "certified_coverage": [_share(certified & (size <= one.radius)) for size in sizes],
    }
    return one, figures


def _share(flags: Tensor) -> float:
    return mean(flags.float())
