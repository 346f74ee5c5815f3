"""The judge: when does a received image count as the attack's success?

    hit of level k:  argmax_j score_j(y) = k  and  score_k(y) >= tau_k

TargetJudge   score_k(y) = SSIM(y, target_k). tau_k comes from the scores of benign held-out
              images, received through the undefended system:
    conformal          the ceil((n + 1)(1 - alpha))-th smallest: a benign image reaches it with
                       probability at most alpha, whatever the distribution
    mu-plus-3-sigma    mean plus three standard deviations
    mu-minus-3-sigma   the rule as printed; 99 % of benign images pass it (errata S1)
LabelJudge    the margin by which a classifier prefers the target class, tau = 0
RemovalJudge  in `metrics.removal`

One judge is made for each undefended system and handed to everybody else, never refitted.

Paper: SemBugger Sec. IV-B (j) and V-A (ASR).
Deviates: per-target thresholds, and level k must come out as target k; the printed rule asks for
    any target above mu - 3 sigma (errata S1, S2). Both are reported.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import final

from jaxtyping import Bool, Float
from torch import Tensor

from semvet.errors import ConfigError
from semvet.metrics.ssim import ssim
from semvet.types import Flags, Images, Targets

Scores = Float[Tensor, "batch outcomes"]
Thresholds = Float[Tensor, " outcomes"]  # tau
Logits = Float[Tensor, "batch classes"]
LITERAL = "mu-minus-3-sigma"  # as printed
RULES = ("conformal", "mu-plus-3-sigma", LITERAL)


class Judge(ABC):
    """Scores received images and holds the scores against thresholds."""

    rule: str
    thresholds: Thresholds

    @abstractmethod
    def scores(self, received: Images) -> Scores:
        """One column per outcome that the attack may want; higher is more like it."""

    def benign_scores(self, received: Images) -> Scores:
        """Of images that were sent without a trigger."""
        return self.scores(received)

    def reached(self, scores: Scores) -> Bool[Tensor, "batch outcomes"]:
        """Which outcomes reach their threshold, whether or not they are the nearest."""
        return scores >= self.thresholds

    def hits(self, scores: Scores, level: int) -> Flags:
        """Success of trigger level k (1-based): outcome k is the nearest and near enough."""
        return (scores.argmax(dim=1) == level - 1) & self.reached(scores)[:, level - 1]

    def any_hit(self, received: Images) -> Flags:
        """j of Theorem 3: any outcome reaches its threshold."""
        return self.reached(self.scores(received)).any(dim=1)


@final
@dataclass(frozen=True)
class TargetJudge(Judge):
    targets: Targets
    thresholds: Thresholds
    rule: str

    def scores(self, received: Images) -> Scores:
        return score(received, self.targets)


@final
class LabelJudge(Judge):
    """Args:
    classify: logits of received images.
    target_class: the class that counts as success.
    """

    rule = "label"

    def __init__(self, classify: Callable[[Images], Logits], target_class: int, like: Tensor):
        self.classify, self.target_class = classify, target_class
        self.thresholds = like.new_zeros(1)

    def scores(self, received: Images) -> Scores:
        logits = self.classify(received)
        wanted = logits[:, self.target_class]
        others = logits.clone()
        others[:, self.target_class] = -float("inf")
        return (wanted - others.amax(dim=1))[:, None]


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
    """Raises ConfigError if `count` held-out images are too few for this rule and alpha."""
    if rule == "conformal" and _rank(count, alpha) > count:
        raise ConfigError(
            f"evaluation.alpha: {alpha} needs at least {ceil(1 / alpha) - 1} held-out images, "
            f"there are {count}; take more data or an alpha of {1 / (count + 1):.3g} or more"
        )


def _rank(count: int, alpha: float) -> int:
    """Which of `count` values, counted from 1, is the conformal quantile."""
    return ceil((count + 1) * (1 - alpha))
