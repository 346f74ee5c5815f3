"""Transforms made of a transform: who in a batch passes it."""

from typing import final

import torch
from torch import Generator

from semvet.types import Draws, Images, ImageShape, Transform


@final
class Sometimes:
    """Each image passes `transform` with probability `share`."""

    def __init__(self, transform: Transform, *, share: float):
        self.transform, self.share = transform, share

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        passes = torch.rand(batch, generator=rng, device=rng.device) < self.share
        return self.transform.draw(batch, shape, rng=rng) | {"passes": passes}

    def __call__(self, x: Images, noise: Draws) -> Images:
        return torch.where(noise["passes"][:, None, None, None], self.transform(x, noise), x)


@final
class FirstRows:
    """The first `rows` images pass `transform`: those of a batch, not the triggered copies that an
    adversary who controls the loss adds to it."""

    def __init__(self, transform: Transform, *, rows: int):
        self.transform, self.rows = transform, rows

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        return self.transform.draw(min(batch, self.rows), shape, rng=rng)

    def __call__(self, x: Images, noise: Draws) -> Images:
        return torch.cat([self.transform(x[: self.rows], noise), x[self.rows :]])
