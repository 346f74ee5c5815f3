"""Trained systems under test: measured without a defense, with judges made for them."""

from dataclasses import dataclass, field

import torch

from semvet.attacks import Attack, Goal
from semvet.config import Run
from semvet.data import Splits
from semvet.evaluation.goals.judge import RULES, Judge, LabelJudge, TargetJudge, make_judge, score
from semvet.evaluation.goals.removal import RemovalJudge
from semvet.evaluation.measurement import (
    EvaluationImages,
    Measurement,
    evaluation_images,
    mean_uses,
    measure,
    transmit,
)
from semvet.systems import Transceiver
from semvet.training.trained import MOST_CALIBRATION, TrainedSystem
from semvet.types import Images, to_images


@dataclass(frozen=True)
class Subject:
    link: Transceiver
    judge: Judge
    measured: Measurement  # on all test images of the run
    before: Measurement  # on the part that defenses are measured on, one channel draw
    uses: list[float]  # mean symbols spent on a benign image, then on one of each trigger level
    judges: dict[str, TargetJudge] = field(default_factory=dict)  # one per rule, of Goal.TARGET


def make_subjects(
    clean: TrainedSystem, attacked: TrainedSystem, run: Run, splits: Splits, device: torch.device
) -> tuple[Subject, Subject, EvaluationImages]:
    """Null control and attacked system under the same attack, and the test images.

    Thresholds come from the held-out images, figures from the test images.
    """
    attack = attacked.attack
    sample = evaluation_images(splits.test, attack, count=run.evaluation.images, device=device)
    calibration = to_images(splits.calibration.pixels[:MOST_CALIBRATION].to(device))
    judges = {
        id(one): _target_judges(one.link, attack, run, calibration) for one in (clean, attacked)
    }

    def subject(one: TrainedSystem) -> Subject:
        judge = _judge(one, clean, attack, run, judges[id(one)], sample)
        at, seed = one.link.nominal, run.seed
        measured = measure(
            one.link, attack, sample, judge, nominal=at, seed=seed, draws=run.evaluation.draws
        )
        few = sample.first(run.evaluation.defended_images)
        points = [None, *(attack.operating_point(at, level=k) for k in range(1, attack.levels + 1))]
        sent = [sample.benign, *measured.triggered]
        return Subject(
            one.link, judge, measured,
            measure(one.link, attack, few, judge, nominal=at, seed=seed, draws=1),
            [mean_uses(one.link, x, seed=seed, at=a) for x, a in zip(sent, points, strict=True)],
            judges[id(one)],
        )  # fmt: skip

    return subject(clean), subject(attacked), sample


def _target_judges(
    link: Transceiver, attack: Attack, run: Run, calibration: Images
) -> dict[str, TargetJudge]:
    if attack.goal is not Goal.TARGET:
        return {}
    benign = score(transmit(link, calibration, seed=run.seed, purpose="judge"), attack.targets)
    alpha = run.evaluation.alpha
    enough = {rule for rule in RULES if rule != "conformal" or len(benign) >= 1 / alpha - 1}
    rules = [rule for rule in RULES if rule in enough or rule == run.evaluation.judge]
    return {rule: make_judge(rule, attack.targets, benign, alpha=alpha) for rule in rules}


def _judge(
    one: TrainedSystem, clean: TrainedSystem, attack: Attack, run: Run,
    judges: dict[str, TargetJudge], sample: EvaluationImages,
) -> Judge:  # fmt: skip
    match attack.goal:
        case Goal.TARGET:
            return judges[run.evaluation.judge]
        case Goal.LABEL:  # each system has the classifier that was trained along with it
            return LabelJudge(one.attack.classify, attack.target_class, attack.targets)
        case Goal.REMOVAL:
            assert sample.element_removed is not None
            assert sample.mask is not None
            received = transmit(
                clean.link, sample.hosts, seed=run.seed, purpose="evaluate triggered"
            )
            return RemovalJudge(sample.element_removed, sample.mask, received)
