"""Small seeded trainings, for every defense that adjusts weights on its own images.

    each step: a random batch of the images; loss(batch).backward(); clip the gradient's norm; Adam

The learning rate falls along a cosine to zero.
"""

from collections.abc import Callable, Sequence
from math import cos, pi
from typing import final

import torch
from torch import Generator, Tensor

from semvet.learning import train
from semvet.metrics.psnr import IDENTICAL_DB, psnr_db
from semvet.metrics.statistics import mean
from semvet.systems import Link
from semvet.types import Images, LossTerms, Scalar

CHUNK = 500  # images in one forward pass


def tune(
    parameters: Sequence[Tensor], loss: Callable[[Images], Scalar], images: Images, *,
    steps: int, batch: int, learning_rate: float, clip_norm: float, rng: Generator,
    after: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Changes `parameters` in place, in the training loop.

    Args:
        loss: of one batch; what is random in it, it draws itself.
        images: batches are drawn from these, with replacement.
        clip_norm: largest norm of a step's gradient.
        after: called after every step, for constraints.

    Raises:
        TrainingError: the loss is not finite.
    """
    tuning = Tuning(
        parameters, loss, images, steps=steps, batch=batch, learning_rate=learning_rate,
        clip_norm=clip_norm, rng=rng, after=after,
    )  # fmt: skip
    train(tuning, device=images.device)
    tuning.optimizer.zero_grad()  # copies of what was tuned shall not hold gradients


@final
class Tuning:
    """What learns in the loop. Arguments are those of `tune`."""

    name = "the repair"

    def __init__(
        self, parameters: Sequence[Tensor], loss: Callable[[Images], Scalar], images: Images, *,
        steps: int, batch: int, learning_rate: float, clip_norm: float, rng: Generator,
        after: Callable[[], None],
    ):  # fmt: skip
        self.parameters, self.loss, self.after = parameters, loss, after
        self.pool, self.images, self.rng = images, batch, rng
        self.learning_rate, self.clip_norm = learning_rate, clip_norm
        self.steps = self.steps_per_epoch = steps
        self.way_out = f"take a smaller learning_rate than {learning_rate:g}"
        self.optimizer = torch.optim.Adam(parameters, lr=learning_rate)

    def learn(self, step: int) -> LossTerms:
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * (1 + cos(pi * step / self.steps)) / 2
        pool = self.pool
        index = torch.randint(len(pool), (self.images,), generator=self.rng, device=pool.device)
        loss = self.loss(pool[index])
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.clip_norm)
        self.optimizer.step()
        self.after()
        return {"loss": loss.detach()}


@torch.no_grad()
def own_psnr_db(link: Link, images: Images, *, rng: Generator) -> float:
    """How well the link sends the defense's own images: mean PSNR over them."""
    parts = [psnr_db(link(x, rng=rng), x).clamp(max=IDENTICAL_DB) for x in images.split(CHUNK)]
    return mean(torch.cat(parts))
