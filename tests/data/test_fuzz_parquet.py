"""Mutated parquet files are loaded or refused with a DataError, and nothing else."""

import tempfile
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_files import noise, png, shard
from mutations import fuzzed, mutated, outcome
from pyarrow import parquet

from semvet.data.copies.convert import convert
from semvet.data.decoding.parquet import read_parquet
from semvet.errors import DataError

ENCODED = [png(x) for x in noise(4, 8, 8)]
STRUCT = pa.struct({"bytes": pa.binary(), "path": pa.string()})
ROWS = pa.array([{"bytes": x, "path": "\x1b[2J"} for x in ENCODED], STRUCT)


def _file(columns: dict, **options) -> bytes:
    file = BytesIO()
    parquet.write_table(pa.table(columns), file, **options)
    return file.getvalue()


SAMPLES = [
    shard(ENCODED, range(4)),
    _file({"image": ROWS, "label": [0, 1, 2, 3]}, write_page_checksum=True),
    _file({"image": ROWS, "label": [0, 1, 2, 3]}, compression="zstd", row_group_size=2),
    _file({"image": ROWS, "label": [0, 1, 2, 3]}, use_dictionary=False, compression="none"),
    _file({"image": ENCODED, "label": pa.array([0, 1, 2, 3], pa.int32())}),
    _file({"image": pa.array(ENCODED, pa.large_binary()), "label": [0, -1, 2, 2**16]}),
    _file({"image": pa.array(["a", "b"]), "label": pa.array(["x", "y"])}),
    _file({"image": pa.array([{"path": "x"}]), "label": pa.array([1.5])}),
    _file({"image": ROWS, "label": [True] * 4}),
    _file({"image": pa.array([[1, 2], [3]]), "label": pa.array([None, None])}),
]


BYTES = st.sampled_from([*ENCODED, b"", b"\x89PNG", b"\x1b[2J", None])
LABELS = st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1), st.none())
KINDS = st.sampled_from(
    [pa.binary(), pa.large_binary(), pa.string(), STRUCT, pa.struct({"path": pa.string()}),
     pa.struct({"bytes": pa.list_(pa.binary())}), pa.list_(pa.binary()), pa.binary_view(),
     pa.dictionary(pa.int8(), pa.binary()), pa.null()]
)  # fmt: skip
LABEL_KINDS = st.sampled_from(
    [pa.int64(), pa.int8(), pa.uint64(), pa.bool_(), pa.float32(), pa.string(), pa.date32(),
     pa.decimal128(20), pa.list_(pa.int64()), pa.dictionary(pa.int8(), pa.int64())]
)  # fmt: skip


def _column(values: list, kind: pa.DataType) -> pa.Array:
    """`values` as that type, nulls where they cannot be."""
    if pa.types.is_struct(kind):
        values = [{kind.field(0).name: x} for x in values]
    elif pa.types.is_list(kind):
        values = [[x] for x in values]
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, UnicodeDecodeError, OverflowError):
        return pa.array([None] * len(values), kind)


@st.composite
def odd_tables(draw: st.DrawFn) -> bytes:
    """An intact file whose columns hold something, of some type."""
    rows = draw(st.integers(0, 4))
    values = [draw(st.lists(x, min_size=rows, max_size=rows)) for x in (BYTES, LABELS)]
    kinds = draw(KINDS), draw(LABEL_KINDS)
    columns = [_column(x, kind) for x, kind in zip(values, kinds, strict=True)]
    names = draw(st.sampled_from((["image", "label"],) * 5 + (["image", "image"], ["x", "label"])))
    file = BytesIO()
    parquet.write_table(
        pa.Table.from_arrays(columns, names), file,
        store_schema=draw(st.booleans()), use_dictionary=draw(st.booleans()),
    )  # fmt: skip
    return file.getvalue()


FILES = st.one_of(odd_tables(), mutated(SAMPLES))


def act(content: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.parquet"
        path.write_bytes(content)
        copy = Path(folder) / "copy.parquet"
        outcome(
            lambda: convert([path], copy, image=None, label="label", way_out="again"), DataError
        )
        return outcome(lambda: read_parquet(path, channels=1), DataError)


def test_some_of_the_samples_are_loaded():
    assert {act(sample) for sample in SAMPLES} == {"loaded", "refused"}


@fuzzed(150)
@given(FILES)
def test_a_mutated_parquet_file_is_loaded_or_refused(content):
    act(content)


@pytest.mark.slow
@fuzzed(10_000)
@given(FILES)
def test_many_mutated_parquet_files_are_loaded_or_refused(content):
    act(content)
