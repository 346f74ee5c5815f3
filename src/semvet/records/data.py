"""What is said about data sets: which there are, what one holds, where a copy lies."""

from semvet.records.base import Record


class DataSetNow(Record):
    """One data set, and where it would come from now."""

    name: str
    now: str
    shape: tuple[int, ...]  # empty: as its images are
    arguments: tuple[str, ...]


class SplitFigures(Record):
    name: str
    images: int
    shape: tuple[int, ...]
    mean_pixel: float
    per_class: tuple[int, ...]  # empty: no image has a class


class CheckedData(Record):
    source: str
    fingerprint: str
    splits: tuple[SplitFigures, ...]


class CopyMade(Record):
    """A local copy: made just now, or there already and not read."""

    folder: str
    fingerprint: str  # empty where it is not on record
    images: tuple[int, int] | None  # training, test; None: there already
    shape: tuple[int, ...] = ()
