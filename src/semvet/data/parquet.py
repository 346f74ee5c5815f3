"""Images and labels in Hugging Face's parquet form, read with the library `datasets`.

Columns: `image` (struct of encoded bytes and path) and `label` (class index, -1 for none).
The table is wrapped as it is: no cache folder is written, so a read-only home is enough.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from semvet.data.base import ImageSet
from semvet.data.pixels import Channels, decode, stack
from semvet.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset


def read_parquet(
    path: Path,
    *,
    channels: Channels | None = None,
    way_out: str = "put an intact copy of the file there",
) -> ImageSet:
    """One split in the order of the file. Raises DataError that names file, image and `way_out`.

    Args:
        channels: convert every image to 1 or 3; None: all must have the same.
    """
    dataset = _open(path, way_out)
    images = dataset["image"][:]
    if not images:
        raise DataError(f"{path}: holds no images; {way_out}")
    names = [f"{path}: image {i}" for i in range(len(images))]
    for name, image in zip(names, images, strict=True):
        if image is None or image["bytes"] is None:
            raise DataError(f"{name} is missing (the file holds no bytes for it); {way_out}")
    rasters = (
        decode(image["bytes"], name, channels=channels, way_out=way_out)
        for name, image in zip(names, images, strict=True)
    )
    same = f"all images of a split must have one size and channel count; {way_out}"
    return ImageSet(stack(rasters, names, way_out=same), _labels(dataset, path, way_out))


def _open(path: Path, way_out: str) -> "Dataset":
    # slow to import: only who reads a file pays
    from datasets import Dataset, Image
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    if not path.is_file():
        raise DataError(f"{path}: no such file; {way_out}")
    try:
        with ParquetFile(path, page_checksum_verification=True) as file:
            # a fingerprint of its own spares `datasets` hashing the whole table
            dataset = Dataset(file.read(), fingerprint=str(path))
    except Exception as error:  # damaged metadata make `datasets` raise almost any type
        raise DataError(f"{path}: damaged or not a parquet file ({error}); {way_out}") from error
    if missing := {"image", "label"} - set(dataset.column_names):
        raise DataError(
            f"{path}: no column {' and '.join(sorted(missing))}, only "
            f"{', '.join(dataset.column_names)}; rename the columns to image and label"
        )
    try:
        return dataset.cast_column("image", Image(decode=False))
    except (ArrowException, ValueError, TypeError) as error:
        raise DataError(f"{path}: column image holds no encoded images; {way_out}") from error


def _labels(dataset: "Dataset", path: Path, way_out: str) -> Tensor:
    labels = dataset["label"][:]
    for i, label in enumerate(labels):
        if not isinstance(label, int):
            raise DataError(
                f"{path}: image {i} has label {label!r}; labels are whole numbers, "
                f"-1 for none; {way_out}"
            )
    return torch.tensor(labels, dtype=torch.int64)
