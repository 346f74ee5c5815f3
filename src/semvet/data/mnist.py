"""MNIST: 60,000 + 10,000 handwritten digits, 28x28 grey. LeCun, Cortes, Burges; CC BY-SA 3.0."""

from typing import final

from semvet.data.copies.named import Named, Where
from semvet.types import ImageShape


@final
class Mnist(Named):
    """Args:
    source: "auto" takes a local copy, else the hub's, else the packaged 6,000 + 1,000 digits.
    root: the folder that holds mnist/{train,test}.parquet, or will; None: the variable SEMVET_DATA,
        then the user's data folder.
    """

    name = "mnist"
    shape = ImageShape(1, 28, 28)
    counts = (60_000, 10_000)
    classes = 10
    repository = "ylecun/mnist"
    sampled = True

    def __init__(self, *, source: Where = "auto", root: str | None = None):
        self.source, self.root = source, root
