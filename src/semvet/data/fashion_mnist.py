"""Fashion-MNIST: 60,000 + 10,000 pieces of clothing, 28x28 grey. Xiao et al. 2017; Zalando, MIT."""

from typing import final

from semvet.data.copies.named import Named, Where
from semvet.types import ImageShape


@final
class FashionMnist(Named):
    """Args:
    source: "auto" takes a local copy, else the hub's, else the packaged 3,000 + 500 images.
    root: the folder that holds fashion_mnist/{train,test}.parquet, or will; None: the variable
        SEMVET_DATA, then the user's data folder.
    """

    name = "fashion_mnist"
    shape = ImageShape(1, 28, 28)
    counts = (60_000, 10_000)
    classes = 10
    repository = "zalando-datasets/fashion_mnist"
    sampled = True

    def __init__(self, *, source: Where = "auto", root: str | None = None):
        self.source, self.root = source, root
