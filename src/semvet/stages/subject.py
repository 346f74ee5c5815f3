"""A trained system under test: measured without a defense, with the judge that was made for it."""

from dataclasses import dataclass

import torch

from semvet.attacks import Attack
from semvet.config import Run
from semvet.data import Splits
from semvet.metrics.judge import Judge, make_judge, score
from semvet.stages.evaluate import Measurement, mean_uses, measure, transmit
from semvet.stages.train import MOST_HELD_OUT
from semvet.systems import TrainableLink
from semvet.types import to_images


@dataclass(frozen=True)
class Subject:
    link: TrainableLink
    judge: Judge
    literal: Judge  # the rule as printed
    measured: Measurement  # on all test images of the run
    before: Measurement  # on the part that defenses are measured on, one channel draw
    uses: list[float]  # mean symbols spent on a benign image, then on one of each trigger level


def make_subject(
    link: TrainableLink, attack: Attack, run: Run, splits: Splits, device: torch.device
) -> Subject:
    """Thresholds come from the held-out images, figures from the test images."""
    plan, targets = run.evaluation, attack.targets
    held_out = to_images(splits.held_out.pixels[:MOST_HELD_OUT].to(device))
    x = to_images(splits.test.pixels[: plan.images].to(device))
    benign = score(transmit(link, held_out, seed=run.seed, purpose="judge"), targets)
    measured = measure(link, attack, x, seed=run.seed, draws=plan.draws)
    return Subject(
        link,
        make_judge(plan.judge, targets, benign, alpha=plan.alpha),
        make_judge("mu-minus-3-sigma", targets, benign, alpha=plan.alpha),
        measured,
        measure(link, attack, x[: plan.defended_images], seed=run.seed, draws=1),
        [mean_uses(link, sent, seed=run.seed) for sent in (x, *measured.triggered)],
    )
