"""Images and labels in Hugging Face's parquet form, read with the library `datasets`.

Columns: `image` (struct of encoded bytes and path) and `label` (class index, -1 for none).
The table is wrapped as it is: no cache folder is written, so a read-only home is enough.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from semvet.config import nearest
from semvet.data.base import ImageSet
from semvet.data.decoding.pixels import Channels, decode, stack
from semvet.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset


def read_parquet(
    path: Path,
    *,
    size: int | None = None,
    channels: Channels | None = None,
    way_out: str = "put an intact copy of the file there",
) -> ImageSet:
    """One split in the order of the file. Raises DataError that names file, image and `way_out`.

    Args:
        size: resize every image to size x size; None: all must have one size.
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
        decode(image["bytes"], name, size=size, channels=channels, way_out=way_out)
        for name, image in zip(names, images, strict=True)
    )
    same = f"all images of a split must have one size and channel count; {way_out}"
    return ImageSet(stack(rasters, names, way_out=same), _labels(dataset, path, way_out))


def holds_jpeg(path: Path) -> bool:
    """Whether the first image of an intact file is a JPEG."""
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        first = next(file.iter_batches(batch_size=1, columns=["image"]))
    return first["image"][0]["bytes"].as_py().startswith(b"\xff\xd8")


def convert(
    shards: Sequence[Path], path: Path, *, image: str | None, label: str | None, way_out: str
) -> None:
    """Writes the images and labels of `shards`, in order, to `path`; bytes stay as they are.

    Args:
        image: the column of images; None: the only one that holds any.
        label: the column of class indices; None: no classes.
    """
    # slow to import: only who writes a file pays
    from datasets import Dataset, concatenate_datasets

    parts = []
    for shard in shards:
        part = _table(shard, way_out)
        column = image or _image_column(part, shard)
        for key, name in (("image", column), ("label", label)):
            if name is not None and name not in part.column_names:
                raise DataError(
                    f"{shard.name}: no column {name!r} (data.{key}); "
                    f"{nearest(name, part.column_names)}"
                    f"{', or null for no classes' if key == 'label' else ''}"
                )
        if column == label:
            raise DataError(f"{shard.name}: data.image and data.label are both {label!r}")
        part = part.select_columns([column] if label is None else [column, label])
        part = part.rename_columns({column: "image"} | ({} if label is None else {label: "label"}))
        parts.append(part)
    whole: Dataset = concatenate_datasets(parts)
    if label is None:
        whole = whole.add_column("label", [-1] * len(whole))
    write(whole, path)


def write(dataset: "Dataset", path: Path) -> None:
    """Columns image and label, with checksums that `read_parquet` verifies."""
    from pyarrow import parquet

    table = dataset.with_format("arrow")[:]
    schema = dataset.features.arrow_schema
    table = table.cast(schema).replace_schema_metadata(schema.metadata)
    parquet.write_table(table, path, row_group_size=2000, write_page_checksum=True)


def _image_column(dataset: "Dataset", shard: Path) -> str:
    struct = {"bytes", "path"}  # how images are stored; the file need not say that they are images
    types = {field.name: field.type for field in dataset.data.schema}
    found = [
        name for name, kind in types.items()
        if str(kind).startswith("struct") and {field.name for field in kind} == struct
    ]  # fmt: skip
    if len(found) != 1:
        what = f"{len(found)} columns" if found else "no column"
        raise DataError(
            f"{shard.name}: {what} of images; set data.image to one of "
            f"{', '.join(found or dataset.column_names)}"
        )
    return found[0]


def _table(path: Path, way_out: str) -> "Dataset":
    """The whole file, uncopied."""
    # slow to import: only who reads a file pays
    from datasets import Dataset
    from pyarrow.parquet import ParquetFile

    if not path.is_file():
        raise DataError(f"{path}: no such file; {way_out}")
    try:
        with ParquetFile(path, page_checksum_verification=True) as file:
            # a fingerprint of its own spares `datasets` hashing the whole table
            return Dataset(file.read(), fingerprint=str(path))
    except Exception as error:  # damaged metadata make `datasets` raise almost any type
        raise DataError(f"{path}: damaged or not a parquet file ({error}); {way_out}") from error


def _open(path: Path, way_out: str) -> "Dataset":
    from datasets import Image
    from pyarrow import ArrowException

    dataset = _table(path, way_out)
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
