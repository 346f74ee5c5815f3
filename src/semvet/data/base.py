"""The shape of a data set: uint8 images in memory, and where they came from."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor

from semvet.types import ImageShape, Pixels


@dataclass(frozen=True)
class ImageSet:
    """One split. `label` is -1 where an image has no class."""

    pixels: Pixels
    label: Tensor  # (image,) int64

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, index: Tensor) -> "ImageSet":
        return ImageSet(self.pixels[index], self.label[index])


@dataclass(frozen=True)
class DataSet:
    """Training and test images, and a sentence that says what they are."""

    train: ImageSet
    test: ImageSet
    source: str  # for example "mnist, packaged sample (6,000 + 1,000 images)"

    @property
    def shape(self) -> ImageShape:
        return ImageShape(*self.train.pixels.shape[1:])

    @property
    def fingerprint(self) -> str:
        """16 hex digits of SHA-256 over shapes, pixels and labels of both splits."""
        digest = hashlib.sha256()
        for part in (self.train, self.test):
            digest.update(str(tuple(part.pixels.shape)).encode())
            digest.update(part.pixels.numpy().tobytes())
            digest.update(part.label.numpy().tobytes())
        return digest.hexdigest()[:16]


class Source(ABC):
    """Where a data set comes from. Keyword-only constructor arguments are the configuration."""

    @abstractmethod
    def load(self) -> DataSet:
        """Both splits in their original order. Raises DataError that names file and way out."""
