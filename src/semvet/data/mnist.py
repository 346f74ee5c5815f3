"""MNIST: 60,000 + 10,000 handwritten digits, 28x28 grey. LeCun, Cortes, Burges; CC BY-SA 3.0."""

from typing import final

from semvet.data.base import DataSet, Source
from semvet.data.named import Where, load_named
from semvet.types import ImageShape


@final
class Mnist(Source):
    """Args:
    source: "auto" takes a local copy if there is one, else the packaged 6,000 + 1,000 digits.
    root: the folder that holds mnist/{train,test}.parquet; None: the variable SEMVET_DATA.
    """

    def __init__(self, *, source: Where = "auto", root: str | None = None):
        self.source, self.root = source, root

    def load(self) -> DataSet:
        return load_named("mnist", ImageShape(1, 28, 28), source=self.source, root=self.root)
