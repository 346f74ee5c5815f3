"""Any link, any attack, one judge: what the receiver gets from benign and from triggered images."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.attacks import Attack
from semvet.channels import OperatingPoint
from semvet.evaluation.goals import Aim, Judge, Scores
from semvet.evaluation.images import EvaluationImages
from semvet.evaluation.sending import transmit, triggered_images
from semvet.metrics.psnr import IDENTICAL_DB, mse
from semvet.systems import Link
from semvet.types import Images, PerImage


@dataclass(frozen=True)
class Measurement:
    """Level k of the lists is the trigger of strength k + 1 of T."""

    sent: Images  # n benign test images
    received: Images  # of the first channel draw
    errors: Float[Tensor, "draws batch"]  # mean squared error of each image in each draw
    scores: Scores  # of `received`
    hosts: Images  # what the triggers are put on
    triggered: list[Images]
    wanted: list[Images]  # what the adversary would have the receiver see
    received_triggered: list[Images]
    scores_triggered: list[Scores]

    @property
    def psnr_db(self) -> PerImage:
        """Mean over the channel draws."""
        return (-10 * self.errors.log10()).clamp(max=IDENTICAL_DB).mean(dim=0)

    @property
    def shows_trigger(self) -> bool:
        """Whether the strongest trigger changes any image."""
        return not torch.equal(self.triggered[-1], self.hosts)


@torch.no_grad()
def measure(
    link: Link, attack: Attack, aim: Aim, images: EvaluationImages, judge: Judge, *,
    nominal: OperatingPoint, seed: int, draws: int,
) -> Measurement:  # fmt: skip
    """Channel noise is the same for every link that is measured with this seed.

    Args:
        nominal: what the link is used over; the trigger may be something else.
        draws: channel draws for each benign image.
    """
    x, received, errors = images.benign, torch.empty(0), []
    for draw in reversed(range(draws)):
        received = transmit(link, x, seed=seed, purpose="evaluate benign", index=draw)
        errors.append(mse(received, x))
    levels = range(1, attack.levels + 1)
    triggered = [triggered_images(attack, images.hosts, level=k) for k in levels]
    outputs = [
        transmit(
            link, x_k, seed=seed, purpose="evaluate triggered", index=k - 1,
            at=attack.operating_point(nominal, level=k),
        )
        for k, x_k in zip(levels, triggered, strict=True)
    ]  # fmt: skip
    wanted = [aim.wanted(images, x_k, level=k) for k, x_k in zip(levels, triggered, strict=True)]
    return Measurement(
        x, received, torch.stack(errors), judge.benign_scores(received),
        images.hosts, triggered, wanted, outputs, [judge.scores(y) for y in outputs],
    )  # fmt: skip
