"""Composed scenes: a few items on a background, in some of them one item of a certain class.

    pixels  = b + (255 - b) a              a: the items' opacity, b: the background
    without = b + (255 - b) a_others       the same scene less its element
    mask    = a_element > 0

Items stand in different quarters of the canvas, so they never overlap and removal is exact. Every
scene holds the same number of items, so that counting them says nothing about the element. All
arithmetic is in whole numbers: the same fingerprint everywhere (D-025).
"""

from dataclasses import dataclass
from typing import Annotated, Literal, final

import torch
from annotated_types import Ge, Le, Lt, MultipleOf
from jaxtyping import Int, UInt8
from torch import Generator, Tensor
from torch.nn.functional import adaptive_avg_pool2d

from semvet.data.base import DataSet, Fetched, ImageSet, Report, Source, silent
from semvet.data.copies.named import Where
from semvet.data.fashion_mnist import FashionMnist
from semvet.data.mnist import Mnist
from semvet.errors import DataError
from semvet.randomness import permutation, stream
from semvet.types import ClassLabel, Count, Indices, Pixels, Share

QUARTERS = 4
SIDE = 28  # of an item as it comes
KNOTS = 4  # the background is drawn on KNOTS x KNOTS points, smooth in between
BRIGHTEST = 128  # background stays below

Plane = UInt8[Tensor, "plane rows columns"]


@final
class Scenes(Source):
    """Args:
    items: what the scenes are composed of.
    source, root: where the items come from, as for the data set `items`.
    element: the class whose presence is the semantic: 7, or 8 for the bags of Fashion-MNIST.
    size: height and width of a scene; items are shrunk to 7/16 of it, to 28 pixels at most.
    objects: items of every scene, the element among them.
    share: part of the scenes that holds the element.
    count, test_count: training and test scenes, from training and from test items.
    seed: of the composition; the run's seed does not change the scenes.
    """

    def __init__(
        self,
        *,
        items: Literal["mnist", "fashion_mnist"] = "mnist",
        source: Where = "auto",
        root: str | None = None,
        element: ClassLabel = 7,
        size: Annotated[int, Ge(16), Le(256), MultipleOf(4)] = 32,
        objects: Annotated[int, Ge(1), Le(QUARTERS)] = 3,
        share: Share = 0.5,
        count: Count = 6000,
        test_count: Count = 2000,
        seed: Annotated[int, Ge(0), Lt(10**18)] = 0,
    ):
        self.items = {"mnist": Mnist, "fashion_mnist": FashionMnist}[items](
            source=source, root=root
        )
        self.element, self.size, self.objects, self.share = element, size, objects, share
        self.counts, self.seed = (count, test_count), seed

    def load(self) -> DataSet:
        """Raises DataError if no item is of the class `element`, or as the items' own `load`."""
        items = self.items.load()
        train, test = (
            self._compose(part, name, count)
            for part, name, count in zip(
                (items.train, items.test), ("training", "test"), self.counts, strict=True
            )
        )
        return DataSet(
            train,
            test,
            f"{len(train):,} + {len(test):,} scenes of {self.objects} items, "
            f"{self.share:.0%} with class {self.element}; items: {items.source}",
        )

    def now(self) -> str:
        return f"composed when loaded; items: {self.items.now()}"

    def fetch(self, report: Report = silent) -> Fetched:
        """A local copy of the items; scenes are composed anew each time."""
        return self.items.fetch(report)

    def _compose(self, items: ImageSet, name: str, count: int) -> ImageSet:
        elements, others = _pools(items, self.element, f"{name} items of {self.items.name}")
        rng = stream(self.seed, f"{name} scenes")
        label = torch.zeros(count, dtype=torch.int64)
        label[permutation(count, rng=rng)[: round(self.share * count)]] = 1
        chosen = _draw_from(others, (count, self.objects), rng=rng)
        holds = label == 1
        chosen[holds, 0] = _draw_from(elements, (int(holds.sum()),), rng=rng)
        side = min(SIDE, self.size * 7 // 16)
        placed = Places.draw(count, self.objects, size=self.size, side=side, rng=rng)
        opacity = _shrunk(items.pixels, side)
        first = placed.opacity(opacity, chosen, slice(0, 1))  # the element where there is one
        rest = placed.opacity(opacity, chosen, slice(1, None))
        background = _backgrounds(count, self.size, rng=rng)
        pixels = _blend(background, torch.maximum(first, rest))
        without, mask = pixels.clone(), first > 0
        without[holds] = _blend(background[holds], rest[holds])
        mask[~holds] = False
        return ImageSet(pixels[:, None], label, without[:, None], mask)


@dataclass(frozen=True)
class Places:
    """Upper left corners of a scene's items, (scene, object), each in a quarter of its own."""

    top: Tensor
    left: Tensor
    size: int
    side: int

    @classmethod
    def draw(cls, count: int, objects: int, *, size: int, side: int, rng: Generator) -> "Places":
        half = size // 2
        quarter = torch.rand(count, QUARTERS, generator=rng).argsort(dim=1)[:, :objects]
        offset = torch.randint(0, half - side + 1, (2, count, objects), generator=rng)
        return cls(quarter // 2 * half + offset[0], quarter % 2 * half + offset[1], size, side)

    def opacity(
        self,
        items: UInt8[Tensor, "item side side"],
        chosen: Int[Tensor, "scene object"],
        which: slice,
    ) -> Plane:
        """All of a scene's objects `which` on one canvas, 255 where they cover it."""
        top, left, chosen = self.top[:, which], self.left[:, which], chosen[:, which]
        canvas = torch.zeros(len(chosen), self.size, self.size, dtype=torch.uint8)
        steps = torch.arange(self.side)
        scene = torch.arange(len(chosen))[:, None, None, None]
        rows, columns = top[..., None, None] + steps[:, None], left[..., None, None] + steps
        canvas[scene, rows, columns] = items[chosen]
        return canvas


def _pools(items: ImageSet, element: int, what: str) -> tuple[Tensor, Tensor]:
    """Positions of items that are of the class `element`, and of those that are not."""
    of_class = items.label == element
    if of_class.any() and not of_class.all():
        return of_class.nonzero().flatten(), (~of_class).nonzero().flatten()
    classes = ", ".join(map(str, items.label.unique().tolist()))
    raise DataError(
        f"data.element: {element} is the class of {'all' if of_class.any() else 'no'} {what}; "
        f"take one of the classes there are: {classes}"
    )


def _draw_from(pool: Indices, shape: tuple[int, ...], *, rng: Generator) -> Tensor:
    return pool[torch.randint(0, len(pool), shape, generator=rng)]


def _shrunk(pixels: Pixels, side: int) -> Plane:
    """Means over areas; in float64, where sums of a few whole numbers are exact."""
    small = adaptive_avg_pool2d(pixels[:, 0].double(), (side, side))
    return small.round().to(torch.uint8)


def _backgrounds(count: int, size: int, *, rng: Generator) -> Plane:
    """Random values at KNOTS x KNOTS points, bilinear in between, in whole numbers."""
    knots = torch.randint(0, BRIGHTEST, (count, KNOTS, KNOTS), generator=rng)
    at = torch.arange(size) * (KNOTS - 1)  # in units of 1 / (size - 1) knots
    knot = (at // (size - 1)).clamp(max=KNOTS - 2)
    beyond = at - knot * (size - 1)
    weight = torch.zeros(size, KNOTS, dtype=torch.float64)
    weight[torch.arange(size), knot] = (size - 1 - beyond).double()
    weight[torch.arange(size), knot + 1] = beyond.double()
    scaled = weight @ knots.double() @ weight.T  # whole numbers below 2^53: exact
    return (scaled.long() // (size - 1) ** 2).to(torch.uint8)


def _blend(background: Plane, opacity: Plane) -> Plane:
    """White of this opacity on the background."""
    b, a = background.int(), opacity.int()
    return (b + ((255 - b) * a + 127) // 255).to(torch.uint8)
