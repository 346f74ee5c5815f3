"""Threshold: pixels darker than a level are sent as black.

    x -> x [x >= level]

Learned triggers of a small bound live in the black background of digits: there they are all that
there is, and on the strokes they hardly show. Useless where images have no black background.
Differentiable in the pixels that stay.

Paper: none; the cheapest of all purifications.
Deviates: the level is just above the bound .1 of SemBugger's trigger (D-036).
"""

from typing import Annotated, final

import torch
from annotated_types import Gt, Lt
from torch import Generator

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.filters.purification import Filter, purified


@final
class Threshold(Defense):
    """Args:
    level: pixel value below which a pixel becomes 0.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(self, *, level: Annotated[float, Gt(0), Lt(1)] = 0.12):
        self.transform = self.filter = Filter(lambda x: torch.where(x < level, 0.0, x))

    def apply(self, view: View, *, rng: Generator) -> Defended:
        return purified(view, self.filter)
