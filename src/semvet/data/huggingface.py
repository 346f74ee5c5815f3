"""Any image data set of the Hugging Face hub, by name: `data=owner/name`.

    <root>/<owner>/<name>[,<argument>=<value>...]/    the local copy that the first use makes

The named arguments in the folder's name are those that decide which images it holds.
"""

from pathlib import Path
from typing import Annotated, final
from urllib.parse import quote

import torch
from annotated_types import Ge, Le

from semvet.data.base import DataSet, Fetched, ImageSet, Report, Source, silent
from semvet.data.copies import places
from semvet.data.copies.fetch import already, announce, fetch, kept, origin
from semvet.data.copies.hub import Wanted
from semvet.data.copies.staging import FetchError
from semvet.data.decoding.parquet import read_parquet
from semvet.data.decoding.pixels import Channels, describe
from semvet.errors import DataError
from semvet.types import Share


@final
class HuggingFace(Source):
    """Args:
    path: owner/name on the hub.
    config: one of its configurations; None: the only one, or "default".
    revision: a branch, tag or commit; None: the newest, as the hub converted it to parquet.
    train: the split to train on.
    test: the split to test on; None: "test" if there is one, else test_share of the other.
    image: the column of images; None: the only one that holds any.
    label: the column of class indices; None: no classes.
    size: resize every image to size x size; None: all must have one size.
    channels: convert to 1 (grey) or 3 (colour, alpha on white); None: all must have the same.
    test_share: part of the images that is tested on if there is no test split.
    root: the folder of local copies; None: the variable SEMVET_DATA, then the user's data folder.
    """

    def __init__(
        self,
        *,
        path: str,
        config: str | None = None,
        revision: str | None = None,
        train: str = "train",
        test: str | None = None,
        image: str | None = None,
        label: str | None = "label",
        size: Annotated[int, Ge(4), Le(4096)] | None = None,
        channels: Channels | None = None,
        test_share: Share = 0.1,
        root: str | None = None,
    ):
        self.wanted = Wanted(path, config, revision, train, test, image, label)
        self.size, self.channels = size, channels
        self.test_share, self.root = test_share, root

    @property
    def name(self) -> str:
        """The folder of the local copy: other arguments, another folder."""
        owner, _, name = self.wanted.repository.partition("/")
        if not (owner.strip(".") and name.strip(".")) or {"/", "\\"} & set(name):
            raise DataError(
                f"data.path: {self.wanted.repository!r} is not a name on the hub; allowed: "
                "owner/name"
            )
        nominal = Wanted(self.wanted.repository)
        given = [
            f",{key}={quote(str(value), safe='')}"
            for key, value in vars(self.wanted).items()
            if value != getattr(nominal, key)
        ]
        return f"{owner}/{name}{''.join(given)}"

    def load(self) -> DataSet:
        if folder := places.local_copy(self.name, self.root):
            already(folder)
            return self._read(folder, f"local folder {folder}")
        fetched = self._fetch(announce)
        return fetched.data or self._read(fetched.folder, f"local folder {fetched.folder}")

    def now(self) -> str:
        if folder := places.local_copy(self.name, self.root):
            return f"local folder {folder}"
        return f"fetchable from {self.wanted.repository}"

    def fetch(self, report: Report = silent) -> Fetched:
        """The local copy, from the hub if there is none; every image of it was decoded."""
        if there := kept(self.name, self.root):
            return there
        return self._fetch(report)

    def _fetch(self, report: Report) -> Fetched:
        folder = places.destination(self.root) / self.name
        where = f"downloaded from the hub to {folder}"
        try:
            return fetch(self.wanted, folder, lambda part: self._read(part, where), report=report)
        except FetchError as error:
            raise FetchError(
                f"{error}; `semvet data fetch {self.wanted.repository}` gets it where there is "
                f"network; {places.available(self.root)}"
            ) from error

    def _read(self, folder: Path, where: str) -> DataSet:
        train = self._split(folder / "train.parquet")
        file = folder / "test.parquet"
        if file.is_file() or origin(folder).get("test"):
            test = self._split(file)
        else:
            train, test = self._share(train)
        if train.pixels.shape[1:] != test.pixels.shape[1:]:
            raise DataError(
                f"{self.wanted.repository}: the training images are "
                f"{describe(train.pixels.shape[1:])}, the test images "
                f"{describe(test.pixels.shape[1:])}; data.size and data.channels make them alike"
            )
        count = f"{len(train):,} + {len(test):,} images"
        return DataSet(train, test, f"{self.wanted.repository}, {where} ({count})")

    def _split(self, path: Path) -> ImageSet:
        way_out = "set data.size and data.channels if images differ, else remove it and fetch again"
        images = read_parquet(path, size=self.size, channels=self.channels, way_out=way_out)
        return _mixed(images)

    def _share(self, images: ImageSet) -> tuple[ImageSet, ImageSet]:
        """Every round(1/test_share)-th image is a test image."""
        period = round(1 / self.test_share)
        tested = torch.arange(1, len(images) + 1) % period == 0
        train, test = (images.take(part.nonzero().flatten()) for part in (~tested, tested))
        if not (len(train) and len(test)):
            raise DataError(
                f"{self.wanted.repository}: data.test_share={self.test_share:g} leaves no "
                f"{'test' if len(train) else 'training'} image; change it, or set data.test"
            )
        return train, test


def _mixed(images: ImageSet) -> ImageSet:
    """A split that is sorted by class gets its classes spread evenly, any other stays as it is.

    The last 10 % of the training images serve as held-out images: they must hold every class.
    """
    label = images.label
    if len(label.unique()) < 2 or (label.diff() < 0).any():
        return images
    _, index, counts = label.unique(return_inverse=True, return_counts=True)
    first = torch.searchsorted(label, label)
    rank = (torch.arange(len(label)) - first + 0.5) / counts[index]
    return images.take(rank.argsort(stable=True))
