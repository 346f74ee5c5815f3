"""The columns of a parquet file, a few rows at a time.

    stat -> schema, number of rows -> batches of rows

A small file can repeat one large value a million times. So a column is read as it is stored, as a
dictionary and positions in it; inside a struct, where pyarrow cannot, a batch has few rows if the
largest group of rows is large: no value is larger than its group.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from semvet.boundary import open_regular, shown
from semvet.data.decoding.pixels import MOST_IMAGES
from semvet.errors import DataError

if TYPE_CHECKING:
    from pyarrow import Array, DataType, RecordBatch, Schema

ROWS = 256  # of a batch, at most
MOST_REPEATED = 2**29  # bytes of a batch if each of its rows were as large as a group of rows
MOST_BYTES = 2**40  # of a file, which is never in memory as a whole


@dataclass(frozen=True)
class Table:
    """What an intact file says of itself; that it was the truth shows as it is read."""

    path: Path
    schema: "Schema"
    rows: int
    largest: int  # bytes of its largest group of rows, decompressed
    way_out: str  # for the end of an error

    @property
    def columns(self) -> list[str]:
        return [shown(name) for name in self.schema.names]

    def type_of(self, column: str) -> "DataType | None":
        """None if there is no such column, or more than one."""
        names = self.schema.names
        return self.schema.field(column).type if names.count(column) == 1 else None

    def batches(self, parts: Sequence[str]) -> Iterator["RecordBatch"]:
        """All rows in order; `parts` are columns, or column.field of a struct.

        Raises DataError where the file turns out to be damaged.
        """
        from pyarrow.parquet import ParquetFile

        seen, flat = 0, [part for part in parts if part in self.schema.names]
        try:
            with ParquetFile(
                self.path, page_checksum_verification=True, read_dictionary=flat
            ) as file:
                size = self._rows_at_once(structs=len(flat) < len(parts))
                for batch in file.iter_batches(batch_size=size, columns=list(parts)):
                    seen += len(batch)
                    if seen > self.rows:
                        break
                    yield batch
        except Exception as error:  # damaged pages make pyarrow raise almost any type
            raise damaged(self.path, error, self.way_out) from error
        if seen != self.rows:
            raise damaged(self.path, f"it does not hold {self.rows:,} rows", self.way_out)

    def _rows_at_once(self, *, structs: bool) -> int:
        if not structs:
            return ROWS
        if "large_" in str(self.schema.types):  # a batch of others ends at 2 GiB, whatever is said
            return 1
        return min(ROWS, max(1, MOST_REPEATED // max(1, self.largest)))


def open_table(path: Path, way_out: str) -> Table:
    """Raises DataError: no file, not parquet, or more than 500,000 rows."""
    # slow to import: only who reads a file pays
    from pyarrow.parquet import ParquetFile

    try:
        with open_regular(path, limit=MOST_BYTES):
            pass
    except FileNotFoundError:
        raise DataError(f"{shown(path)}: no such file; {way_out}") from None
    except OSError as error:
        raise DataError(f"{shown(path)}: cannot be read ({error.strerror}); {way_out}") from None
    try:
        with ParquetFile(path) as file:
            groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
            largest = max((group.total_byte_size for group in groups), default=0)
            table = Table(path, file.schema_arrow, file.metadata.num_rows, largest, way_out)
    except Exception as error:  # damaged metadata make pyarrow raise almost any type
        raise damaged(path, error, way_out) from error
    if table.rows > MOST_IMAGES:
        raise DataError(
            f"{shown(path)}: holds {table.rows:,} images; at most {MOST_IMAGES:,} are read, since "
            "all are in memory; put fewer into the file"
        )
    return table


def damaged(path: Path, how: object, way_out: str) -> DataError:
    return DataError(f"{shown(path)}: damaged or not a parquet file ({shown(how)}); {way_out}")


def image_part(table: Table, column: str) -> str | None:
    """The part that holds encoded images: the column, or the field `bytes` of a struct."""
    from pyarrow import types

    kind = table.type_of(column)
    if kind is None or not types.is_struct(kind):
        if kind is not None and types.is_dictionary(kind):
            kind = kind.value_type
        return column if kind is not None and _holds_bytes(kind) else None
    named = [field for field in kind if field.name == "bytes"]
    return f"{column}.bytes" if len(named) == 1 and _holds_bytes(named[0].type) else None


def _holds_bytes(kind: "DataType") -> bool:
    from pyarrow import types

    return types.is_binary(kind) or types.is_large_binary(kind)


def encoded_images(batch: "RecordBatch", column: str) -> Iterator[bytes | None]:
    """One after the other: only one is copied at a time."""
    return (value.as_py() for value in _field(batch.column(column), "bytes"))


def _field(values: "Array", name: str) -> "Array":
    from pyarrow import types

    return values.field(name) if types.is_struct(values.type) else values
