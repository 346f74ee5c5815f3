"""Trained systems under test: measured without a defense, with judges made for them."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from semvet.attacks import Attack
from semvet.both import Both
from semvet.config import Evaluation
from semvet.evaluation.goals import Aim, Heard, Judge, JudgePlan, UnderTest
from semvet.evaluation.images import EvaluationImages
from semvet.evaluation.measurement import Measurement, measure
from semvet.evaluation.sending import mean_uses
from semvet.systems import Transceiver
from semvet.types import Images


@dataclass(frozen=True)
class MeasuredSystem:
    link: Transceiver
    judge: Judge
    by_rule: Mapping[str, Judge]  # others, by the name of their rule
    measured: Measurement  # on all test images of the run
    undefended: Measurement  # on the part that defenses are measured on, one channel draw
    uses: tuple[float, ...]  # mean symbols spent on a benign image, then on one of each level

    def heard(self, images: EvaluationImages) -> Heard:
        shown = self.measured
        return Heard(self.judge, shown.received, images.benign_label, shown.received_triggered)


@dataclass(frozen=True)
class Trial:
    """What both systems are put through: one attack, the same images."""

    attack: Attack
    aim: Aim
    images: EvaluationImages
    both: Both[MeasuredSystem]
    seed: int

    @property
    def few(self) -> EvaluationImages:
        """The images that defenses are measured on."""
        return self.images.first(len(self.both.attacked.undefended.hosts))

    @property
    def heard(self) -> Both[Heard]:
        return self.both.map(lambda one: one.heard(self.images))


def put_to_trial(
    both: Both[UnderTest], images: EvaluationImages, aim: Aim, plan: Evaluation, *,
    calibration: Images, seed: int,
) -> Trial:  # fmt: skip
    """Null control and attacked system under the attacked system's attack.

    Args:
        images: test images; thresholds come from `calibration`, figures from these.
        aim: of that attack.
    """
    attack = both.attacked.attack
    judging = JudgePlan(plan.judge, plan.alpha, calibration, seed)

    def measured(one: UnderTest) -> MeasuredSystem:
        judges = aim.judges(one, both.clean, images, judging)
        nominal = one.link.nominal

        def on(some: EvaluationImages, *, draws: int) -> Measurement:
            return measure(
                one.link, attack, aim, some, judges.headline, nominal=nominal, seed=seed,
                draws=draws,
            )  # fmt: skip

        every = on(images, draws=plan.draws)
        points = [attack.operating_point(nominal, level=k) for k in range(1, attack.levels + 1)]
        sent = zip([images.benign, *every.triggered], [None, *points], strict=True)
        return MeasuredSystem(
            one.link, judges.headline, judges.by_rule, every,
            on(images.first(plan.defended_images), draws=1),
            tuple(mean_uses(one.link, x, seed=seed, at=at) for x, at in sent),
        )  # fmt: skip

    with torch.no_grad():
        return Trial(attack, aim, images, both.map(measured), seed)
