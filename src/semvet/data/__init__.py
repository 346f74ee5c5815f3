"""Data sets. To add one: write `data/<name>.py`, then add a line here."""

from semvet.data.base import DataSet, ImageSet, Source
from semvet.data.fashion_mnist import FashionMnist
from semvet.data.image_folder import ImageFolder
from semvet.data.mnist import Mnist

DATASETS: dict[str, type[Source]] = {
    "mnist": Mnist,
    "fashion_mnist": FashionMnist,
    "image-folder": ImageFolder,
}
__all__ = ["DATASETS", "DataSet", "FashionMnist", "ImageFolder", "ImageSet", "Mnist", "Source"]
