"""Stripes of a random period and phase; the class says whether they stand or lie."""

from typing import Annotated, final

import torch
from annotated_types import Ge

from semvet.data import DataSet, ImageSet, Source
from semvet.randomness import stream


@final
class Stripes(Source):
    def __init__(self, *, count: Annotated[int, Ge(20)] = 600, size: Annotated[int, Ge(8)] = 16):
        self.count, self.size = count, size

    def now(self):
        return "computed here"

    def load(self):
        train, test = self.drawn("train", self.count), self.drawn("test", self.count // 5)
        return DataSet(train, test, f"stripes ({self.count} + {self.count // 5} images)")

    def drawn(self, part, count):
        rng = stream(0, f"stripes/{part}")
        period = torch.randint(4, 12, (count, 1, 1, 1), generator=rng)
        phase = torch.rand(count, 1, 1, 1, generator=rng)
        across = torch.arange(self.size).expand(count, 1, self.size, self.size)
        wave = torch.sin(2 * torch.pi * (across / period + phase)) / 2 + 0.5
        label = torch.arange(count) % 2
        wave[label == 1] = wave[label == 1].transpose(2, 3)
        return ImageSet((wave * 255).round().to(torch.uint8), label)
