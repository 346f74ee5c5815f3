"""Goal: the receiver shows the target image of the trigger's level.

    score_k(y) = SSIM(y, target_k); tau_k comes from the scores of benign calibration images,
    received through the undefended system:

    conformal          the ceil((n + 1)(1 - alpha))-th smallest: a benign image reaches it with
                       probability at most alpha, whatever the distribution
    mu-plus-3-sigma    mean plus three standard deviations
    mu-minus-3-sigma   the rule as printed; 99 % of benign images pass it (errata S1)

Paper: SemBugger Sec. IV-B (j) and V-A (ASR).
Deviates: per-target thresholds, and level k must come out as target k; the printed rule asks for
    any target above mu - 3 sigma (errata S1, S2). Both are reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import final

from jaxtyping import Float
from torch import Tensor

from semvet.attacks import Attack
from semvet.errors import ConfigError
from semvet.evaluation.goals.base import (
    Aim,
    Judge,
    JudgePlan,
    Judges,
    Scores,
    Thresholds,
    UnderTest,
)
from semvet.evaluation.images import EvaluationImages
from semvet.evaluation.sending import transmit
from semvet.metrics.ssim import ssim
from semvet.records import Words
from semvet.types import Images, Targets

LITERAL = "mu-minus-3-sigma"  # as printed
RULES = ("conformal", "mu-plus-3-sigma", LITERAL)


@final
@dataclass(frozen=True)
class TargetJudge(Judge):
    targets: Targets
    thresholds: Thresholds
    rule: str

    def scores(self, received: Images) -> Scores:
        return score(received, self.targets)


def score(received: Images, targets: Targets) -> Float[Tensor, "batch targets"]:
    return ssim(received[:, None], targets[None])


def make_judge(rule: str, targets: Targets, benign: Scores, *, alpha: float) -> TargetJudge:
    """Args:
    rule: one of RULES.
    benign: scores of benign images against `targets`.
    alpha: benign hit rate per target that `conformal` allows.

    Raises:
        ConfigError: too few images for this alpha.
    """
    require_enough(rule, len(benign), alpha=alpha)
    if rule == "conformal":
        thresholds = benign.sort(dim=0).values[_rank(len(benign), alpha) - 1]
    else:
        sign = 1 if rule == "mu-plus-3-sigma" else -1
        thresholds = benign.mean(dim=0) + sign * 3 * benign.std(dim=0)
    return TargetJudge(targets, thresholds, rule)


def require_enough(rule: str, count: int, *, alpha: float) -> None:
    """Raises ConfigError if `count` calibration images are too few for this rule and alpha."""
    if rule == "conformal" and _rank(count, alpha) > count:
        raise ConfigError(
            f"evaluation.alpha: {alpha} needs at least {ceil(1 / alpha) - 1} held-out images, "
            f"there are {count}; take more data or an alpha of {1 / (count + 1):.3g} or more"
        )


def _rank(count: int, alpha: float) -> int:
    """Which of `count` values, counted from 1, is the conformal quantile."""
    return ceil((count + 1) * (1 - alpha))


@final
class TargetAim(Aim):
    name = "target"
    words = Words(
        aim="target",
        wanted="target",
        hit="the SSIM of the received image to the target reaches the judge's threshold",
        hit_of_level="target k is the nearest target by SSIM, and its SSIM reaches the judge's "
        "threshold of target k",
        success="brings out its target",
        successes="bring out their own target",
        each="brings out its own target",
        turns="benign images turn into a target",
        has_image=True,
    )
    targets: Targets

    def __init__(self, attack: Attack):
        super().__init__(attack)
        self.targets = attack.targets

    def require(self, rule: str, calibration: int, *, alpha: float) -> None:
        require_enough(rule, calibration, alpha=alpha)

    def wanted(self, images: EvaluationImages, triggered: Images, *, level: int) -> Images:
        return self.targets[level - 1].expand_as(triggered)

    def judges(
        self, one: UnderTest, clean: UnderTest, images: EvaluationImages, plan: JudgePlan
    ) -> Judges:
        received = transmit(one.link, plan.calibration, seed=plan.seed, purpose="judge")
        benign, alpha = score(received, self.targets), plan.alpha
        enough = {rule for rule in RULES if rule != "conformal" or len(benign) >= 1 / alpha - 1}
        rules = [rule for rule in RULES if rule in enough or rule == plan.rule]
        by_rule = {rule: make_judge(rule, self.targets, benign, alpha=alpha) for rule in rules}
        return Judges(by_rule[plan.rule], by_rule)

    def wanted_class(self, level: int, candidates: Sequence[int]) -> int:
        return candidates[level - 1]
