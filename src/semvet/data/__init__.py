"""Data sets. To add one: write `data/<name>.py`, then add a line here (or an entry point
`semvet.datasets` in a package of your own)."""

from semvet.data.base import DataSet, Fetched, ImageSet, Report, Source
from semvet.data.cifar10 import Cifar10
from semvet.data.fashion_mnist import FashionMnist
from semvet.data.huggingface import HuggingFace
from semvet.data.image_folder import ImageFolder
from semvet.data.imagenet.build import build_imagenet5
from semvet.data.imagenet5 import ImageNet5
from semvet.data.mnist import Mnist
from semvet.data.scenes import Scenes
from semvet.data.splitting.splits import Splits, split
from semvet.data.splitting.targets import targets_from, targets_from_folder
from semvet.plugins import with_entry_points

BUILDERS = {"imagenet5": build_imagenet5}  # from the user's own copy of the images
DATASETS: dict[str, type[Source]] = with_entry_points(
    "semvet.datasets",
    {
        "mnist": Mnist,
        "fashion_mnist": FashionMnist,
        "cifar10": Cifar10,
        "imagenet5": ImageNet5,
        "image-folder": ImageFolder,
        "huggingface": HuggingFace,
        "scenes": Scenes,
    },
)
__all__ = [
    "BUILDERS",
    "DATASETS",
    "Cifar10",
    "DataSet",
    "FashionMnist",
    "Fetched",
    "HuggingFace",
    "ImageFolder",
    "ImageNet5",
    "ImageSet",
    "Mnist",
    "Report",
    "Scenes",
    "Source",
    "Splits",
    "build_imagenet5",
    "split",
    "targets_from",
    "targets_from_folder",
]
