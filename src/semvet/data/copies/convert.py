"""Parquet files of the hub as one of ours.

image: struct of encoded bytes and path | label: int64
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from semvet.boundary import shown
from semvet.config import nearest
from semvet.data.decoding.columns import Table, encoded_images, image_part, open_table
from semvet.errors import DataError

GROUP = 2000  # rows that are in memory together


class Row(NamedTuple):
    encoded: bytes | None
    path: str | None
    label: int | None


def convert(
    shards: Sequence[Path], path: Path, *, image: str | None, label: str | None, way_out: str
) -> None:
    """Writes the images and labels of `shards`, in order, to `path`; bytes stay as they are.

    Args:
        image: the column of images; None: the only one that holds any.
        label: the column of class indices; None: no classes.
    """
    tables = [open_table(shard, way_out) for shard in shards]
    columns = [_image_column(table, image, label) for table in tables]
    parts = zip(tables, columns, strict=True)
    write(path, (row for table, column in parts for row in _rows(table, column, label)))


def write(path: Path, rows: Iterable[Row], *, classes: Sequence[str] | None = None) -> None:
    """With checksums that `read_parquet` verifies, and the features that the library `datasets`
    looks for.

    Args:
        classes: their names; None: unknown.
    """
    import pyarrow as pa
    from pyarrow import parquet

    label = {"dtype": "int64", "_type": "Value"}
    features = {
        "image": {"_type": "Image"},
        "label": {"names": list(classes), "_type": "ClassLabel"} if classes else label,
    }
    struct = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    schema = pa.schema(
        {"image": struct, "label": pa.int64()},
        {"huggingface": json.dumps({"info": {"features": features}})},
    )
    remaining = iter(rows)
    with parquet.ParquetWriter(path, schema, write_page_checksum=True) as file:
        while group := list(islice(remaining, GROUP)):
            images = [{"bytes": row.encoded, "path": row.path} for row in group]
            columns = [pa.array(images, struct), pa.array([row.label for row in group], pa.int64())]
            file.write_batch(pa.record_batch(columns, schema=schema))


def _image_column(table: Table, image: str | None, label: str | None) -> str:
    """The column of images, if it and that of labels are what they should be."""
    name = shown(table.path.name)
    column = image or _only_image_column(table)
    for key, wanted in (("image", column), ("label", label)):
        if wanted is not None and wanted not in table.schema.names:
            raise DataError(
                f"{name}: no column {wanted!r} (data.{key}); {nearest(wanted, table.columns)}"
                f"{', or null for no classes' if key == 'label' else ''}"
            )
    if column == label:
        raise DataError(f"{name}: data.image and data.label are both {label!r}")
    if image_part(table, column) is None:
        raise DataError(
            f"{name}: column {column!r} (data.image) holds no encoded images but "
            f"{shown(table.type_of(column) or 'several columns')}; name the column that does"
        )
    if label is not None and not _holds_classes(table, label):
        raise DataError(
            f"{name}: column {label!r} (data.label) holds no class indices but "
            f"{shown(table.type_of(label) or 'several columns')}; name the column that does, or "
            "null for no classes"
        )
    return column


def _only_image_column(table: Table) -> str:
    """Of structs only: any other column may hold bytes that are no images."""
    found = [name for name in table.schema.names if image_part(table, name) == f"{name}.bytes"]
    if len(found) != 1:
        what = f"{len(found)} columns" if found else "no column"
        raise DataError(
            f"{shown(table.path.name)}: {what} of images; set data.image to one of "
            f"{', '.join(map(shown, found)) or ', '.join(table.columns)}"
        )
    return found[0]


def _holds_classes(table: Table, label: str) -> bool:
    from pyarrow import types

    kind = table.type_of(label)
    return kind is not None and types.is_integer(kind)


def _rows(table: Table, column: str, label: str | None) -> Iterator[Row]:
    from pyarrow import types

    part = image_part(table, column) or column
    kind = table.schema.field(column).type
    named = part != column and any(
        field.name == "path" and types.is_string(field.type) for field in kind
    )
    parts = [part, *([f"{column}.path"] if named else []), *([label] if label else [])]
    for batch in table.batches(parts):
        paths = batch.column(column).field("path").to_pylist() if named else [None] * len(batch)
        labels = batch.column(label).to_pylist() if label else [-1] * len(batch)
        yield from map(Row, encoded_images(batch, column), paths, labels)
