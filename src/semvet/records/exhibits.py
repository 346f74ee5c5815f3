"""What a study or a defense has to show, so that a report need not know which one it was.

Figure      panels side by side: Curves, Bands (stacked shares), Matrix
Table       columns of figures with their intervals
ImageRows   rows of images, which lie in evaluation.safetensors under the name that is given

A key names a thing for programs, a title for readers.
"""

from collections.abc import Sized
from typing import Annotated, Literal

from annotated_types import MinLen
from pydantic import Field, model_validator

from semvet.records.base import Interval, Record

Of = Literal["attacked", "clean", "benign", "none"]  # what a line is about: decides its colour
Number = float | None  # None: not there


def same_length(what: str, first: Sized, *others: Sized) -> None:
    if any(len(one) != len(first) for one in others):
        raise ValueError(f"{what}: not one value for each point")


class Line(Record):
    """`y` over the panel's x. A line of one trigger level says which, of how many it is one."""

    key: str
    label: str
    y: tuple[Number, ...]
    of: Of = "none"
    level: int | None = None
    dashed: bool = False
    drawn: bool = True  # else it is on record only
    intervals: tuple[Interval, ...] | None = None


class Mark(Record):
    """An upright line."""

    x: float
    label: str = ""
    strong: bool = False


class Curves(Record):
    kind: Literal["curves"] = "curves"
    key: str
    title: str
    x_label: str
    x: tuple[float, ...] | tuple[str, ...]  # names stand in a row
    lines: tuple[Line, ...]
    share: bool = True  # y goes from 0 to 1
    joined: bool = True  # points in a row that mean nothing between them are not
    marks: tuple[Mark, ...] = ()
    levels: tuple[Mark, ...] = ()  # level lines across: x is the height

    @model_validator(mode="after")
    def _fits(self) -> "Curves":
        for line in self.lines:
            same_length(line.key, self.x, line.y, *filter(None, [line.intervals]))
        return self


class Bands(Record):
    """Shares of outcomes, stacked; the first outcome is none."""

    kind: Literal["bands"] = "bands"
    key: str
    title: str
    x_label: str
    y_label: str
    x: tuple[float, ...]
    outcomes: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]  # for each x, one per outcome
    marks: tuple[Mark, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "Bands":
        same_length("shares", self.x, self.shares)
        same_length("outcomes", self.outcomes, *self.shares)
        return self


class Matrix(Record):
    """Shares of each row."""

    kind: Literal["matrix"] = "matrix"
    key: str
    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    x_label: str
    y_label: str
    values: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _fits(self) -> "Matrix":
        same_length("rows", self.rows, self.values)
        same_length("columns", self.columns, *self.values)
        return self


Panel = Annotated[Curves | Bands | Matrix, Field(discriminator="kind")]


class Figure(Record):
    """Panels of one kind, `across` in a row."""

    kind: Literal["figure"] = "figure"
    key: str
    alt: str
    caption: str
    panels: Annotated[tuple[Panel, ...], MinLen(1)]
    across: int = Field(3, ge=1)

    def panel(self, key: str) -> Curves | Bands | Matrix:
        return next(one for one in self.panels if one.key == key)


class Column(Record):
    """`values` top to bottom, printed as `form` says."""

    key: str
    title: str
    form: Literal["rate", "db", "similarity", "count", "short", "printed", "text"]
    values: tuple[float | str | None, ...]
    intervals: tuple[Interval | None, ...] | None = None
    group: str = ""  # columns of one group have a common heading


class Table(Record):
    kind: Literal["table"] = "table"
    key: str
    caption: str = ""
    columns: Annotated[tuple[Column, ...], MinLen(1)]  # the first one names the rows
    note: str = ""

    @model_validator(mode="after")
    def _fits(self) -> "Table":
        for column in self.columns:
            others = filter(None, [column.intervals])
            same_length(column.key, self.columns[0].values, column.values, *others)
        return self

    def column(self, key: str) -> Column:
        return next(one for one in self.columns if one.key == key)


class ImageRow(Record):
    """`array` is (image, chan, height, width) in [0, 1], or one image."""

    array: str
    title: str
    note: str = ""


class ImageRows(Record):
    kind: Literal["images"] = "images"
    key: str
    heading: str
    alt: str
    caption: str
    rows: Annotated[tuple[ImageRow, ...], MinLen(1)]

    def under(self, prefix: str) -> "ImageRows":
        """The same, for arrays whose names have been put under `prefix`."""
        rows = tuple(row.model_copy(update={"array": f"{prefix}/{row.array}"}) for row in self.rows)
        return self.model_copy(update={"rows": rows})


Exhibit = Annotated[Figure | Table | ImageRows, Field(discriminator="kind")]


def under(exhibit: Exhibit, prefix: str) -> Exhibit:
    """`exhibit`, whose arrays, if it has any, have been put under `prefix`."""
    return exhibit.under(prefix) if isinstance(exhibit, ImageRows) else exhibit


def beside(name: str, one: Exhibit, other_name: str, other: Exhibit | None) -> Exhibit:
    """Two systems' tables of the same columns as one, with a column that says which is which."""
    if not (isinstance(one, Table) and isinstance(other, Table)):
        return one
    rows = [len(table.columns[0].values) for table in (one, other)]
    names = (name,) * rows[0] + (other_name,) * rows[1]
    columns = [Column(key="system", title="system", form="text", values=names)]
    for a, b in zip(one.columns, other.columns, strict=True):
        both = None
        if a.intervals is not None and b.intervals is not None:
            both = a.intervals + b.intervals
        columns.append(a.model_copy(update={"values": a.values + b.values, "intervals": both}))
    return one.model_copy(update={"columns": tuple(columns)})
