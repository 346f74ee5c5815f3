"""One backdoor, every way the field has of calling an image a hit, each with its null controls.

own target rules      target k is the nearest by SSIM and reaches its threshold (three thresholds)
strict argmax         target k is the nearest by SSIM, however far; says nothing for one target
nearest of x, targets mean squared error to target k is below that to x and to the other targets
classifier            a classifier that never saw the attack names the class of target k (of a
                      scene: no longer finds the element)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.both import Both
from semvet.evaluation.figures import rate
from semvet.evaluation.goals import Aim, Judge
from semvet.evaluation.measured import MeasuredSystem, Trial
from semvet.evaluation.measurement import Measurement
from semvet.evaluation.sending import CHUNK
from semvet.metrics.psnr import mse
from semvet.records import Judgement
from semvet.types import Flags, Images, Targets

Classify = Callable[[Images], Float[Tensor, "batch classes"]]
Hits = Callable[[Measurement, int], tuple[Flags, Flags]]  # of level k: triggered, benign images


@dataclass(frozen=True)
class Rule:
    name: str
    asks: str  # what makes a hit, in words
    hits: Hits


def judgements(
    trial: Trial, classify: Classify | None, candidates: Sequence[int]
) -> tuple[Judgement, ...]:
    """For each rule and level: ASR and benign hits of the attacked and of the clean system.

    Args:
        classify: of a classifier that never saw the attack, None without one.
        candidates: classes of the candidate targets, as it knows them; -1 where there is none.
    """
    levels = range(1, trial.attack.levels + 1)
    labels = [trial.aim.wanted_class(k, candidates) for k in levels]
    rules = trial.both.map(lambda one: rules_of(one, trial.aim, classify, labels))
    found = []
    for clean, attacked in zip(rules.clean, rules.attacked, strict=True):
        rates = Both(
            clean=_rates(trial.both.clean.measured, clean.hits),
            attacked=_rates(trial.both.attacked.measured, attacked.hits),
        )
        found.append(
            Judgement(
                rule=attacked.name,
                asks=attacked.asks,
                asr=rates.map(lambda both: both[0]),
                benign=rates.map(lambda both: both[1]),
            )
        )
    return tuple(found)


def _rates(measured: Measurement, hits: Hits) -> tuple[tuple[float, ...], tuple[float, ...]]:
    found = [hits(measured, k) for k in range(1, len(measured.triggered) + 1)]
    return tuple(rate(h) for h, _ in found), tuple(rate(b) for _, b in found)


def rules_of(
    one: MeasuredSystem, aim: Aim, classify: Classify | None, labels: Sequence[int]
) -> list[Rule]:
    """Args:
    labels: the class that `classify` should name at each level; -1 where there is none.
    """
    judges = one.by_rule or {one.judge.rule: one.judge}
    rules = [_thresholds(name, judge) for name, judge in judges.items()]
    if aim.targets is not None:
        rules += [_argmax(), _nearest(aim.targets)]
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


def _classified(classify: Classify, labels: Sequence[int]) -> Rule:
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
