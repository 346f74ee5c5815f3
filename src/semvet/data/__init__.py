"""Data sets. To add one: write `data/<name>.py`, then add a line here (or an entry point
`semvet.datasets` in a package of your own)."""

from semvet.data.base import DataSet, ImageSet, Source
from semvet.data.fashion_mnist import FashionMnist
from semvet.data.image_folder import ImageFolder
from semvet.data.mnist import Mnist
from semvet.data.splits import Splits, split
from semvet.plugins import with_entry_points

DATASETS: dict[str, type[Source]] = with_entry_points(
    "semvet.datasets", {"mnist": Mnist, "fashion_mnist": FashionMnist, "image-folder": ImageFolder}
)
__all__ = [
    "DATASETS",
    "DataSet",
    "FashionMnist",
    "ImageFolder",
    "ImageSet",
    "Mnist",
    "Source",
    "Splits",
    "split",
]
