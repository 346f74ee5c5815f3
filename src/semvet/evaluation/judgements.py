"""One backdoor, every way the field has of calling an image a hit, each with its null controls.

own target rules      target k is the nearest by SSIM and reaches its threshold (three thresholds)
strict argmax         target k is the nearest by SSIM, however far; says nothing for one target
nearest of x, targets mean squared error to target k is below that to x and to the other targets
classifier            a classifier that never saw the attack names the class of target k (of a
                      scene: no longer finds the element)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from semvet.attacks import Attack, Goal
from semvet.evaluation.goals.judge import Judge, Logits, TargetJudge
from semvet.evaluation.measurement import CHUNK, Measurement, rate
from semvet.metrics.psnr import mse
from semvet.types import Flags, Images, Targets

Hits = Callable[[Measurement, int], tuple[Flags, Flags]]  # of level k: triggered, benign images


@dataclass(frozen=True)
class Rule:
    name: str
    asks: str  # what makes a hit, in words
    hits: Hits


def judgements(
    attacked: Measurement,
    clean: Measurement,
    *,
    attacked_rules: list[Rule],
    clean_rules: list[Rule],
) -> list[dict[str, Any]]:
    """For each rule and level: ASR and benign hits of the attacked and of the clean system."""
    return [
        {
            "rule": ours.name,
            "asks": ours.asks,
            "attacked": _rates(attacked, ours.hits),
            "clean": _rates(clean, theirs.hits),
        }
        for ours, theirs in zip(attacked_rules, clean_rules, strict=True)
    ]


def _rates(measured: Measurement, hits: Hits) -> dict[str, list[float]]:
    both = [hits(measured, k) for k in range(1, len(measured.triggered) + 1)]
    return {"asr": [rate(h) for h, _ in both], "benign": [rate(b) for _, b in both]}


def rules_of(
    attack: Attack, judge: Judge, judges: Mapping[str, TargetJudge],
    classify: Callable[[Images], Logits] | None, labels: list[int],
) -> list[Rule]:  # fmt: skip
    """Args:
    judge: the headline's, used alone where the goal is no target image.
    judges: one per threshold rule.
    classify: of the downstream classifier, None without one.
    labels: the class that `classify` should name at each level; -1 where there is none.
    """
    if attack.goal is Goal.TARGET:
        rules = [_thresholds(name, one) for name, one in judges.items()]
        rules += [_argmax(), _nearest(attack.targets)]
    else:
        rules = [_thresholds(judge.rule, judge)]
    if classify is not None and all(label >= 0 for label in labels):
        rules.append(_classified(classify, labels))
    return rules


def _thresholds(name: str, judge: Judge) -> Rule:
    def hits(measured: Measurement, level: int) -> tuple[Flags, Flags]:
        return (
            judge.hits(measured.scores_triggered[level - 1], level),
            judge.hits(measured.scores, level),
        )

    return Rule(name, "the level's own outcome scores highest and reaches its threshold", hits)


def _argmax() -> Rule:
    def hits(measured: Measurement, level: int) -> tuple[Flags, Flags]:
        scored = (measured.scores_triggered[level - 1], measured.scores)
        triggered, benign = (s.argmax(dim=1) == level - 1 for s in scored)
        return triggered, benign

    return Rule("strict argmax", "target k has the highest SSIM of all targets", hits)


def _nearest(targets: Targets) -> Rule:
    def nearer(received: Images, sent: Images, level: int) -> Flags:
        to_targets = torch.stack([mse(received, t.expand_as(received)) for t in targets], dim=1)
        to_all = torch.cat([to_targets, mse(received, sent)[:, None]], dim=1)
        return to_all.argmin(dim=1) == level - 1

    def hits(measured: Measurement, level: int) -> tuple[Flags, Flags]:
        return (
            nearer(measured.received_triggered[level - 1], measured.hosts, level),
            nearer(measured.received, measured.sent, level),
        )

    return Rule(
        "nearest of x, targets", "closer (MSE) to target k than to x and to the others", hits
    )


def _classified(classify: Callable[[Images], Logits], labels: list[int]) -> Rule:
    @torch.no_grad()
    def named(received: Images) -> Tensor:
        return torch.cat([classify(part).argmax(dim=1) for part in received.split(CHUNK)])

    def hits(measured: Measurement, level: int) -> tuple[Flags, Flags]:
        wanted = labels[level - 1]
        return (
            named(measured.received_triggered[level - 1]) == wanted,
            named(measured.received) == wanted,
        )

    return Rule("classifier", "a downstream classifier names the target's class", hits)
