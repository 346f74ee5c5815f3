import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from made_files import noise, png, write_parquet
from odd_files import ODD_FILES
from pyarrow import parquet
from support import python

from semvet.data.decoding import columns
from semvet.data.decoding.parquet import read_parquet
from semvet.errors import DataError

GREY = noise(6, 9, 7)
STRUCT = pa.struct({"bytes": pa.binary(), "path": pa.string()})


@pytest.fixture
def path(tmp_path):
    return write_parquet(tmp_path / "train.parquet", [png(x) for x in GREY], range(6))


def test_pixels_and_labels_come_back_exactly_in_the_order_of_the_file(path):
    images = read_parquet(path)
    assert images.pixels.dtype == torch.uint8
    assert images.label.dtype == torch.int64
    assert np.array_equal(images.pixels[:, 0].numpy(), GREY)
    assert images.label.tolist() == list(range(6))


def test_colour_images_become_three_channels_first(tmp_path):
    colour = noise(3, 9, 7, 3)
    images = read_parquet(
        write_parquet(tmp_path / "x.parquet", [png(x) for x in colour], [0, 1, 2])
    )
    assert np.array_equal(images.pixels.numpy(), colour.transpose(0, 3, 1, 2))


def test_a_file_with_the_features_of_the_library_datasets_is_read(path):
    features = {"image": {"_type": "Image"}, "label": {"names": ["a", "b"], "_type": "ClassLabel"}}
    table = parquet.read_table(write_parquet(path, [png(x) for x in GREY], [0, 1] * 3))
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    parquet.write_table(table.replace_schema_metadata(metadata), path)
    images = read_parquet(path)
    assert np.array_equal(images.pixels[:, 0].numpy(), GREY)
    assert images.label.tolist() == [0, 1] * 3


@pytest.mark.parametrize(
    "kind", [pa.binary(), pa.large_binary(), pa.dictionary(pa.int8(), pa.binary())]
)
def test_a_plain_column_of_encoded_images_is_read(path, kind):
    column = pa.array([png(x) for x in GREY]).cast(kind)
    parquet.write_table(pa.table({"image": column, "label": range(6)}), path)
    assert np.array_equal(read_parquet(path).pixels[:, 0].numpy(), GREY)


def test_more_rows_than_are_read_at_once_keep_their_order(path):
    many = noise(700, 3, 3)
    write_parquet(path, [png(x) for x in many], [i % 7 for i in range(700)])
    images = read_parquet(path)
    assert np.array_equal(images.pixels[:, 0].numpy(), many)
    assert images.label.tolist() == [i % 7 for i in range(700)]


def test_reading_writes_no_file_and_needs_no_home(path):
    """In a fresh process whose home and caches would lie below a plain file."""
    nowhere = path / "home"
    before = sorted(path.parent.rglob("*"))
    code = (
        "import sys; from pathlib import Path; "
        "from semvet.data.decoding.parquet import read_parquet; "
        "print(len(read_parquet(Path(sys.argv[1]))))"
    )
    names = ("HOME", "HF_HOME", "XDG_CACHE_HOME", "TMPDIR")
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("HF_", "XDG_"))},
            **dict.fromkeys(names, str(nowhere)),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "6"
    assert sorted(path.parent.rglob("*")) == before


def test_a_missing_file_is_named_with_the_way_out(tmp_path):
    with pytest.raises(DataError, match=r"train\.parquet: no such file; fetch it"):
        read_parquet(tmp_path / "train.parquet", way_out="fetch it")


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_named_with_the_way_out(path, kept):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(DataError, match=r"train\.parquet: damaged or not a parquet file.*intact"):
        read_parquet(path)


def test_a_file_that_is_not_parquet_is_named(path):
    path.write_text("<html>404</html>")
    with pytest.raises(DataError, match=r"train\.parquet: damaged or not a parquet file"):
        read_parquet(path)


def test_a_missing_column_is_named(path):
    write_parquet(path, [png(x) for x in GREY], None)
    with pytest.raises(DataError, match=r"train\.parquet: no column label, only image; rename"):
        read_parquet(path)


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ([1.5, 2.5], "double"),
        (["a", "b"], "string"),
        ([[1, 2], [3]], "list<"),
        ([{"path": "x"}, {"path": "y"}], "struct<path: string>"),
        ([{"bytes": "x"}, {"bytes": "y"}], "struct<bytes: string>"),
        ([None, None], "null"),
    ],
    ids=["numbers", "text", "lists", "no bytes", "text for bytes", "nothing"],
)
def test_an_image_column_without_images_is_refused(path, column, found):
    parquet.write_table(pa.table({"image": column, "label": [0, 1]}), path)
    with pytest.raises(
        DataError, match=rf"train\.parquet: column image holds no encoded images but {found}"
    ):
        read_parquet(path)


def test_two_columns_of_one_name_are_refused(path):
    images = pa.array([png(x) for x in GREY])
    table = pa.Table.from_arrays([images, images, pa.array(range(6))], ["image", "image", "label"])
    parquet.write_table(table, path)
    with pytest.raises(DataError, match=r"column image holds no .* but several columns"):
        read_parquet(path)


def test_a_file_without_rows_is_refused(path):
    write_parquet(path, [], pa.array([], pa.int64()))
    with pytest.raises(DataError, match=r"train\.parquet: holds no images"):
        read_parquet(path)


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ([0, None, 0], "image 1 has label None"),
        ([0, 0, -2], "image 2 has label -2"),
        ([65_535, 65_536, 0], "image 1 has label 65536"),
        ([2**31, 0, 0], "image 0 has label 2147483648"),
        (pa.array([0, 2**64 - 1, 0], pa.uint64()), "image 1 has label 18446744073709551615"),
        ([1.5] * 3, "image 0 has label of type double"),
        (["cat"] * 3, "image 0 has label of type string"),
        ([[1]] * 3, "image 0 has label of type list<"),
        ([None] * 3, "image 0 has label of type null"),
    ],
    ids=str,
)
def test_a_label_that_is_no_class_index_is_named(path, labels, named):
    write_parquet(path, [png(x) for x in GREY[:3]], labels)
    words = rf"train\.parquet: {named}.*; labels are whole numbers from 0 to 65,535, or -1 for none"
    with pytest.raises(DataError, match=words):
        read_parquet(path)


def test_labels_may_be_the_largest_or_none(path):
    write_parquet(path, [png(x) for x in GREY[:3]], [65_535, -1, 0])
    assert read_parquet(path).label.tolist() == [65_535, -1, 0]


@pytest.mark.parametrize("kind", ODD_FILES)
def test_what_is_no_file_is_refused_unopened(tmp_path, monkeypatch, kind):
    make, words = ODD_FILES[kind]
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "train.parquet")
    with pytest.raises(DataError, match=rf"train\.parquet: cannot be read \({words}\); put an"):
        read_parquet(tmp_path / "train.parquet")


def test_a_name_that_would_change_the_terminal_is_escaped(tmp_path):
    path = tmp_path / "\x1b[2J\n.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"x1b\[2J\\n\.parquet': damaged") as caught:
        read_parquet(path)
    assert str(caught.value).isprintable()


def test_more_rows_than_memory_holds_are_refused(path, monkeypatch):
    monkeypatch.setattr(columns, "MOST_IMAGES", 5)
    with pytest.raises(DataError, match=r"train\.parquet: holds 6 images; at most 5 are read"):
        read_parquet(path)


def test_a_file_that_holds_other_rows_than_it_says_is_damaged(path):
    table = columns.open_table(path, "again")
    for rows in (5, 7):
        lying = replace(table, rows=rows)
        with pytest.raises(DataError, match=rf"it does not hold {rows} rows\); again"):
            list(lying.batches(["label"]))


@pytest.mark.parametrize("kind", [pa.binary(), STRUCT, pa.struct({"bytes": pa.large_binary()})])
def test_values_that_are_stored_in_a_dictionary_and_then_plain_are_read(path, kind):
    """As pyarrow writes them when the dictionary grows too large, in several groups of rows."""
    many = [png(x) for x in noise(600, 8, 8)]
    column = pa.array([{"bytes": x} for x in many] if pa.types.is_struct(kind) else many, kind)
    table = pa.table({"image": column, "label": [i % 7 for i in range(600)]})
    parquet.write_table(table, path, row_group_size=250, dictionary_pagesize_limit=5000)
    encodings = parquet.read_metadata(path).row_group(0).column(0).encodings
    assert {"PLAIN", "RLE_DICTIONARY"} <= set(encodings)
    images = read_parquet(path)
    assert np.array_equal(images.pixels[:, 0].numpy(), noise(600, 8, 8))
    assert images.label.tolist() == [i % 7 for i in range(600)]


def test_a_small_file_that_repeats_a_large_value_takes_little_memory(tmp_path):
    """4 KB that are 40 GB when each row is a value of its own."""
    large = pa.array([bytes(20_000_000)])
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), large)
    path = tmp_path / "train.parquet"
    _write_repeated(path, repeated)
    assert path.stat().st_size < 100_000
    said = _peak_memory(path)
    assert "image 0 is not an image" in said
    assert int(said.split()[-2]) < 1.5 * 2**20, "KiB, with those of torch"


@pytest.mark.parametrize(
    ("kind", "rows"), [(STRUCT, 5), (pa.struct({"bytes": pa.large_binary()}), 1)], ids=["", "large"]
)
def test_of_structs_that_repeat_a_large_value_few_are_read_at_once(path, monkeypatch, kind, rows):
    monkeypatch.setattr(columns, "MOST_REPEATED", 1_100_000)
    _write_repeated(path, pa.array([{"bytes": bytes(200_000)}] * 60, kind))
    batches = list(columns.open_table(path, "").batches(["image.bytes"]))
    assert {len(batch) for batch in batches} == {rows}
    assert sum(map(len, batches)) == 60


def _write_repeated(path, column):
    table = pa.table({"image": column, "label": [0] * len(column)})
    parquet.write_table(table, path, dictionary_pagesize_limit=2**30, compression="zstd")


def _peak_memory(path) -> str:
    """In a fresh process: what the error says, and the line with the most memory it had."""
    code = (
        "import sys; from pathlib import Path\n"
        "from semvet.data.decoding.parquet import read_parquet\n"
        "from semvet.errors import DataError\n"
        "try: read_parquet(Path(sys.argv[1]))\n"
        "except DataError as error: print(error)\n"
        "(peak,) = [x for x in open('/proc/self/status') if x.startswith('VmHWM')]\n"
        "print(peak)"
    )
    return python("-c", code, str(path), check=True).stdout


def test_a_missing_image_is_named_by_its_index(path):
    write_parquet(path, [png(GREY[0]), png(GREY[1]), None], [0, 1, 2])
    with pytest.raises(DataError, match=r"train\.parquet: image 2 is missing.*intact copy"):
        read_parquet(path)


def _flip(encoded: bytes) -> bytes:
    middle = len(encoded) // 2
    return encoded[:middle] + bytes([encoded[middle] ^ 1]) + encoded[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [lambda x: b"", lambda x: x[:20], lambda x: x[: len(x) // 2], _flip, lambda x: b"GARBAGE" + x],
    ids=["empty", "head only", "truncated", "one bit flipped", "no image"],
)
def test_a_corrupt_image_is_named_by_its_index(path, damage):
    encoded = [png(x) for x in GREY]
    encoded[3] = damage(encoded[3])
    write_parquet(path, encoded, range(6))
    with pytest.raises(DataError, match=r"train\.parquet: image 3 .*intact copy"):
        read_parquet(path)


@pytest.mark.parametrize(
    ("odd", "said"),
    [(noise(1, 9, 8)[0], "8x9 with 1 channel"), (noise(1, 9, 7, 3)[0], "7x9 with 3 channels")],
    ids=["size", "channels"],
)
def test_an_image_of_another_shape_is_named_by_its_index(path, odd, said):
    write_parquet(path, [*(png(x) for x in GREY), png(odd)], range(7))
    with pytest.raises(DataError, match=rf"image 6 is {said}, but .*image 0 is 7x9 with 1 chan"):
        read_parquet(path)


def test_mixed_channel_counts_are_converted_on_request(path):
    write_parquet(path, [png(GREY[0]), png(noise(1, 9, 7, 3)[0])], [0, 1])
    assert read_parquet(path, channels=3).pixels.shape == (2, 3, 9, 7)
