"""Purification: every image passes a fixed filter before it is sent.

    x -> filter -> link -> y

Needs no training and no knowledge of the attack; it removes triggers that are weaker or finer
than what it removes anyway. An attacker who knows the filter is given it as a transform.
"""

from collections.abc import Callable
from typing import final

from torch import Generator

from semvet.channels import OperatingPoint
from semvet.defenses.base import Defended, View
from semvet.systems import Link
from semvet.types import Draws, Images, ImageShape, Transform


@final
class Filter:
    """A function of the image as a transform; nothing in it is random."""

    def __init__(self, function: Callable[[Images], Images]):
        self.function = function

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        return {}

    def __call__(self, x: Images, noise: Draws) -> Images:
        return self.function(x)


@final
class PurifiedLink(Link):
    """What passes `transform` before it is sent through `link`."""

    def __init__(self, link: Link, transform: Transform):
        self.link, self.transform = link, transform

    def __call__(self, x: Images, *, rng: Generator, at: OperatingPoint | None = None) -> Images:
        noise = self.transform.draw(len(x), ImageShape(*x.shape[1:]), rng=rng)
        return self.link(self.transform(x, noise), rng=rng, at=at)


def purified(view: View, transform: Transform) -> Defended:
    """The link in use, behind `transform`."""
    return Defended(PurifiedLink(view.link, transform))
