"""Data sets known by name: what they are, and where they come from.

    source auto:   local copy  ->  the hub (kept as a local copy)  ->  packaged sample
    source local:  local copy only            source sample:  packaged sample only

The sentence `source` of what is loaded says which it was.
"""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from semvet.data.base import DataSet, Fetched, ImageSet, Report, Source, silent
from semvet.data.copies import places
from semvet.data.copies.fetch import announce, fetch, kept
from semvet.data.copies.hub import Wanted
from semvet.data.copies.staging import FetchError
from semvet.data.decoding.parquet import holds_jpeg, read_parquet
from semvet.data.decoding.pixels import Channels, describe
from semvet.errors import DataError
from semvet.types import ImageShape

Where = Literal["auto", "local", "sample"]
FullOnly = Literal["auto", "local"]  # where the package holds no sample


class Named(Source):
    """A data set whose published counts are known. A subclass states them and takes arguments."""

    name: ClassVar[str]
    shape: ClassVar[ImageShape]
    counts: ClassVar[tuple[int, int]]  # as published: training and test images
    classes: ClassVar[int]
    repository: ClassVar[str | None]  # on the hub; None: not to be handed on
    sampled: ClassVar[bool] = False  # whether the package holds a sample
    channels: ClassVar[Channels | None] = None  # convert to; None: what is there must fit
    lossless: ClassVar[bool] = True  # whether the published pixels never were JPEG
    way_out: ClassVar[str] = ""  # how to get a copy, where it is not `semvet data fetch`
    source: Where | FullOnly = "auto"
    root: str | None = None

    def load(self) -> DataSet:
        if self.source == "sample":
            return self._sample("packaged sample")
        if folder := places.local_copy(self.name, self.root):
            return self.read(folder, f"local folder {folder}")
        folders = places.searched(self.name, self.root)
        looked = " or ".join(str(folder / self.name) for folder in folders)
        if self.source == "local" or self.repository is None:
            raise DataError(f"{self.name}: no local copy, looked for {looked}; {self._ways_out()}")
        try:
            fetched = self._fetch(announce)
        except FetchError as error:
            if not self.sampled:
                raise FetchError(f"{self.name}: {error}; {self._ways_out()}") from error
            return self._sample(f"PACKAGED SAMPLE, not the full set: no local copy, and {error}")
        if fetched.data is None:  # another process was faster
            return self.read(fetched.folder, f"local folder {fetched.folder}")
        count = _count(fetched.data)
        where = f"downloaded from {self.repository} on the hub to {fetched.folder}"
        return replace(fetched.data, source=f"{self.name}, {where} ({count})")

    def now(self) -> str:
        if self.source != "sample" and (folder := places.local_copy(self.name, self.root)):
            return f"local folder {folder}"
        sample = "packaged sample" if self.sampled else ""
        if self.source == "sample":
            return sample
        if self.repository is None:
            return f"not here; {self._own_way_out()}"
        return (
            f"fetchable from {self.repository}{', without network the ' if sample else ''}{sample}"
        )

    def fetch(self, report: Report = silent) -> Fetched:
        """The local copy, from the hub if there is none, verified against the published counts."""
        if there := kept(self.name, self.root):
            return there
        try:
            return self._fetch(report)
        except FetchError as error:
            raise FetchError(f"{self.name}: {error}; {self._ways_out()}") from error

    def _fetch(self, report: Report) -> Fetched:
        if self.repository is None:
            raise FetchError("not fetchable, its terms forbid handing it on")
        folder = places.destination(self.root) / self.name
        return fetch(Wanted(self.repository, test="test"), folder, self._verified, report=report)

    def _verified(self, folder: Path) -> DataSet:
        data = self.read(folder, "", way_out="fetch it again; nothing was kept")
        for part, images, count in zip(
            ("training", "test"), (data.train, data.test), self.counts, strict=True
        ):
            labels = images.label.unique().tolist()
            if len(images) != count or labels != list(range(self.classes)):
                raise DataError(
                    f"{self.name}: what {self.repository} on the hub gave is not {self.name}: "
                    f"{len(images):,} {part} images of {len(labels)} classes, published are "
                    f"{count:,} of {self.classes}; nothing was kept; {self._ways_out()}"
                )
        return data

    def _sample(self, where: str) -> DataSet:
        files = [places.SAMPLES / f"{self.name}-{part}.parquet" for part in ("train", "test")]
        return self._data(files, where, "reinstall semvet")

    def read(self, folder: Path, where: str, way_out: str | None = None) -> DataSet:
        """The copy in `folder`; `where` is said of it."""
        files = [folder / f"{part}.parquet" for part in ("train", "test")]
        sample = ", or use the packaged sample: data.source=sample" if self.sampled else ""
        data = self._data(files, where, way_out or f"put an intact copy there{sample}")
        if self.lossless and any(map(holds_jpeg, files)):
            return replace(data, source=f"{data.source}, RE-CODED AS JPEG: PSNR reads too high")
        return data

    def _data(self, files: list[Path], where: str, way_out: str) -> DataSet:
        train, test = (self._split(path, way_out) for path in files)
        data = DataSet(train, test, source="")
        return replace(data, source=f"{self.name}, {where} ({_count(data)})")

    def _split(self, path: Path, way_out: str) -> ImageSet:
        images = read_parquet(path, channels=self.channels, way_out=way_out)
        found = ImageShape(*images.pixels.shape[1:])
        if found != self.shape:
            raise DataError(
                f"{path}: its images are {describe(found)}, but {self.name} is "
                f"{describe(self.shape)}; {way_out}"
            )
        return images

    def _own_way_out(self) -> str:
        return self.way_out or f"`semvet data fetch {self.name}` gets it where there is network"

    def _ways_out(self) -> str:
        sample = ", or use the packaged sample: data.source=sample" if self.sampled else ""
        return (
            f"{self._own_way_out()}; or set data.root or SEMVET_DATA to the folder that holds "
            f"{self.name}/train.parquet and {self.name}/test.parquet{sample}; "
            f"{places.available(self.root)}"
        )


def _count(data: DataSet) -> str:
    return f"{len(data.train):,} + {len(data.test):,} images"
