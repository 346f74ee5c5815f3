"""Data sets known by name: a local copy if there is one, else the sample in the package.

    <root>/<name>/{train,test}.parquet  or  samples/<name>-{train,test}.parquet

`<root>` is the argument `root`, else the environment variable SEMVET_DATA.
"""

import os
from pathlib import Path
from typing import Literal

from semvet.data.base import DataSet, ImageSet
from semvet.data.parquet import read_parquet
from semvet.data.pixels import describe
from semvet.errors import DataError
from semvet.types import ImageShape

SAMPLES = Path(__file__).with_name("samples")

Where = Literal["auto", "local", "sample"]


def load_named(name: str, shape: ImageShape, *, source: Where, root: str | None) -> DataSet:
    """Both splits of `name`; the record's `source` says whether they are the sample."""
    if source != "sample" and (folder := _local_folder(name, source, root)):
        files = [folder / f"{part}.parquet" for part in ("train", "test")]
        where = f"local folder {folder}"
        way_out = "put an intact copy there, or use the packaged sample: data.source=sample"
    else:
        files = [SAMPLES / f"{name}-{part}.parquet" for part in ("train", "test")]
        where, way_out = "packaged sample", "reinstall semvet"
    train, test = (_read(path, name, shape, way_out) for path in files)
    count = f"{len(train):,} + {len(test):,} images"
    return DataSet(train, test, source=f"{name}, {where} ({count})")


def _read(path: Path, name: str, shape: ImageShape, way_out: str) -> ImageSet:
    images = read_parquet(path, way_out=way_out)
    found = ImageShape(*images.pixels.shape[1:])
    if found != shape:
        raise DataError(
            f"{path}: its images are {describe(found)}, but {name} is {describe(shape)}; {way_out}"
        )
    return images


def _local_folder(name: str, source: Where, root: str | None) -> Path | None:
    """None: use the sample. A root that is no folder is a mistake, not a missing data set."""
    way_out = (
        f"set data.root or SEMVET_DATA to the folder that holds {name}/train.parquet and "
        f"{name}/test.parquet, or use the packaged sample: data.source=sample"
    )
    asked = root or os.environ.get("SEMVET_DATA")
    if not asked:
        if source == "local":
            raise DataError(f"{name}: neither data.root nor SEMVET_DATA is set; {way_out}")
        return None
    base = Path(asked).expanduser()
    if not base.is_dir():
        origin = "data.root" if root else "SEMVET_DATA"
        raise DataError(f"{name}: {base}, named by {origin}, is not a folder; {way_out}")
    folder = base / name
    if folder.is_dir():
        return folder
    if source == "local":
        raise DataError(f"{name}: {folder} is not there; {way_out}")
    return None
