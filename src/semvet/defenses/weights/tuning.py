"""One small seeded training loop, for every defense that adjusts weights on its own images.

    each step: a random batch of the images; loss(batch).backward(); clip the gradient's norm; Adam

The learning rate falls along a cosine to zero.
"""

from collections.abc import Callable, Sequence
from math import cos, pi

import torch
from torch import Generator, Tensor

from semvet.errors import DefenseError
from semvet.metrics.psnr import IDENTICAL_DB, psnr_db
from semvet.metrics.statistics import mean
from semvet.systems import Link
from semvet.types import Images, Scalar

CHUNK = 500  # images in one forward pass


def tune(
    parameters: Sequence[Tensor], loss: Callable[[Images], Scalar], images: Images, *,
    steps: int, batch: int, learning_rate: float, clip_norm: float, rng: Generator,
    after: Callable[[], None] = lambda: None,
) -> float:  # fmt: skip
    """Changes `parameters` in place and returns the last loss.

    Args:
        loss: of one batch; what is random in it, it draws itself.
        images: batches are drawn from these, with replacement.
        clip_norm: largest norm of a step's gradient.
        after: called after every step, for constraints.

    Raises:
        DefenseError: the loss is not finite.
    """
    optimizer, last = torch.optim.Adam(parameters, lr=learning_rate), images.new_zeros(())
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * (1 + cos(pi * step / steps)) / 2
        index = torch.randint(len(images), (batch,), generator=rng, device=images.device)
        last = loss(images[index])
        if not last.isfinite():
            raise DefenseError(
                f"step {step} of {steps}: the loss is {last.item()}; take a smaller learning_rate "
                f"than {learning_rate:g}"
            )
        optimizer.zero_grad()
        last.backward()
        torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
        optimizer.step()
        after()
    optimizer.zero_grad()  # copies of what was tuned shall not hold gradients
    return float(last.detach())


@torch.no_grad()
def own_psnr_db(link: Link, images: Images, *, rng: Generator) -> float:
    """How well the link sends the defense's own images: mean PSNR over them."""
    parts = [psnr_db(link(x, rng=rng), x).clamp(max=IDENTICAL_DB) for x in images.split(CHUNK)]
    return mean(torch.cat(parts))
