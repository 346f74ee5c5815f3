"""Fashion-MNIST: 60,000 + 10,000 pieces of clothing, 28x28 grey. Xiao et al. 2017; Zalando, MIT."""

from typing import final

from semvet.data.base import DataSet, Source
from semvet.data.named import Where, load_named
from semvet.types import ImageShape


@final
class FashionMnist(Source):
    """Args:
    source: "auto" takes a local copy if there is one, else the packaged 3,000 + 500 images.
    root: the folder that holds fashion_mnist/{train,test}.parquet; None: the variable SEMVET_DATA.
    """

    def __init__(self, *, source: Where = "auto", root: str | None = None):
        self.source, self.root = source, root

    def load(self) -> DataSet:
        shape = ImageShape(1, 28, 28)
        return load_named("fashion_mnist", shape, source=self.source, root=self.root)
