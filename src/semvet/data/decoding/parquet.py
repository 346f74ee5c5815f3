"""Images and labels in Hugging Face's parquet form, read with pyarrow.

Columns: `image` (encoded bytes, or a struct that has them as `bytes`) and `label` (class index, -1
for none). What the schema's metadata says is not interpreted.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from semvet.boundary import shown
from semvet.data.base import ImageSet
from semvet.data.decoding.columns import Table, encoded_images, image_part, open_table
from semvet.data.decoding.pixels import MOST_CLASSES, Channels, Raster, decode, stack
from semvet.errors import DataError


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
    table = open_table(path, way_out)
    part = _image_part(table)
    if not table.rows:
        raise DataError(f"{shown(path)}: holds no images; {way_out}")
    labels = _labels(table)
    names = [f"{shown(path)}: image {i}" for i in range(table.rows)]
    same = f"all images of a split must have one size and channel count; {way_out}"
    rasters = _rasters(table, part, names, size=size, channels=channels)
    return ImageSet(stack(rasters, names, way_out=same), labels)


def holds_jpeg(path: Path) -> bool:
    """Whether the first image of an intact file is a JPEG."""
    table = open_table(path, "")
    first = next(table.batches([_image_part(table)]))
    return (next(encoded_images(first, "image")) or b"").startswith(b"\xff\xd8")


def _image_part(table: Table) -> str:
    """Where the encoded images are. Raises DataError if columns are missing or hold no images."""
    if missing := {"image", "label"} - set(table.schema.names):
        raise DataError(
            f"{shown(table.path)}: no column {' and '.join(sorted(missing))}, only "
            f"{', '.join(table.columns)}; rename the columns to image and label"
        )
    part = image_part(table, "image")
    if part is None:
        raise DataError(
            f"{shown(table.path)}: column image holds no encoded images but "
            f"{shown(table.type_of('image') or 'several columns')}; {table.way_out}"
        )
    return part


def _rasters(
    table: Table, part: str, names: list[str], *, size: int | None, channels: Channels | None
) -> Iterator[Raster]:
    rows = (row for batch in table.batches([part]) for row in encoded_images(batch, "image"))
    for name, encoded in zip(names, rows, strict=True):  # as many: `batches` counts them
        if encoded is None:
            raise DataError(f"{name} is missing (the file holds no bytes for it); {table.way_out}")
        yield decode(encoded, name, size=size, channels=channels, way_out=table.way_out)


def _labels(table: Table) -> Tensor:
    from pyarrow import types

    allowed = f"labels are whole numbers from 0 to {MOST_CLASSES - 1:,}, or -1 for none"
    kind = table.type_of("label")
    if kind is None or not (types.is_integer(kind) or types.is_boolean(kind)):
        found = "no column of its own" if kind is None else f"type {shown(kind)}"
        raise DataError(
            f"{shown(table.path)}: image 0 has label of {found}; {allowed}; {table.way_out}"
        )
    labels: list[int] = []
    for batch in table.batches(["label"]):
        for label in batch.column("label").to_pylist():
            if label is None or not -1 <= label < MOST_CLASSES:
                raise DataError(
                    f"{shown(table.path)}: image {len(labels)} has label {label}; {allowed}; "
                    f"{table.way_out}"
                )
            labels.append(int(label))
    return torch.tensor(labels, dtype=torch.int64)
