"""The shape of a data set: uint8 images in memory, and where they came from."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from jaxtyping import Bool
from torch import Tensor

from semvet.errors import DataError
from semvet.types import ImageShape, Pixels

Report = Callable[[str, int, int], None]  # what is done, how much of it, of how much (0: unknown)


@dataclass(frozen=True)
class ImageSet:
    """One split. `label` is -1 where an image has no class.

    Sets of composed scenes know more: label 1 says that the scene holds the element, 0 that not.
    """

    pixels: Pixels
    label: Tensor  # (image,) int64
    element_removed: Pixels | None = None
    mask: Bool[Tensor, "image height width"] | None = None  # where its element is

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, index: Tensor) -> "ImageSet":
        """Rows `index`: positions or flags."""
        element_removed = None if self.element_removed is None else self.element_removed[index]
        mask = None if self.mask is None else self.mask[index]
        return ImageSet(self.pixels[index], self.label[index], element_removed, mask)


@dataclass(frozen=True)
class DataSet:
    """Training and test images, and a sentence that says what they are."""

    train: ImageSet
    test: ImageSet
    source: str  # for example "mnist, packaged sample (6,000 + 1,000 images)"

    @property
    def shape(self) -> ImageShape:
        return ImageShape(*self.train.pixels.shape[1:])

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of SHA-256 over shapes, pixels and labels of both splits."""
        digest = hashlib.sha256()
        for part in (self.train, self.test):
            digest.update(str(tuple(part.pixels.shape)).encode())
            for content in (part.pixels, part.label, part.element_removed, part.mask):
                if content is not None:
                    digest.update(content.contiguous().numpy().reshape(-1).view("uint8").data)
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Fetched:
    """A local copy: made just now, or there already."""

    folder: Path  # holds train.parquet and, if the data set has a test split, test.parquet
    fingerprint: str  # of all its images; empty where the copy was there and does not record it
    data: DataSet | None  # None: it was there already and was not read


def silent(what: str, done: int, total: int) -> None:
    """The Report that nobody sees."""


class Source(ABC):
    """Where a data set comes from. Keyword-only constructor arguments are the configuration."""

    shape: ClassVar[ImageShape | None] = None  # of its images, where that is known unseen

    @abstractmethod
    def load(self) -> DataSet:
        """Both splits in their original order. Raises DataError that names file and way out."""

    def now(self) -> str:
        """Where `load` would find the images now: no network, no decoding. May raise DataError."""
        return "known once it is loaded"

    def fetch(self, report: Report = silent) -> Fetched:
        """Makes a local copy if there is none. Raises DataError with the way out."""
        raise DataError(
            f"{type(self).__name__}: nothing to fetch, its images are local; "
            "`semvet data list` says what is fetchable"
        )
