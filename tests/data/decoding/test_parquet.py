import os
import subprocess
import sys

import datasets
import numpy as np
import pyarrow as pa
import pytest
import torch
from made_files import noise, png, write_parquet
from pyarrow import parquet

from semvet.data.decoding.parquet import read_parquet
from semvet.errors import DataError

GREY = noise(6, 9, 7)


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


def test_a_file_that_the_library_datasets_wrote_is_read(tmp_path):
    features = datasets.Features(
        image=datasets.Image(), label=datasets.ClassLabel(names=["a", "b"])
    )
    rows = {"image": [{"bytes": png(x), "path": None} for x in GREY], "label": [0, 1] * 3}
    path = tmp_path / "written.parquet"
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path)
    images = read_parquet(path)
    assert np.array_equal(images.pixels[:, 0].numpy(), GREY)
    assert images.label.tolist() == [0, 1] * 3


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


def test_an_image_column_without_images_is_refused(path):
    parquet.write_table(pa.table({"image": [1.5, 2.5], "label": [0, 1]}), path)
    with pytest.raises(DataError, match=r"train\.parquet: column image holds no encoded images"):
        read_parquet(path)


def test_a_file_without_rows_is_refused(path):
    write_parquet(path, [], pa.array([], pa.int64()))
    with pytest.raises(DataError, match=r"train\.parquet: holds no images"):
        read_parquet(path)


@pytest.mark.parametrize("label", [None, 1.5, "cat"])
def test_a_label_that_is_no_class_index_is_named(path, label):
    labels = [0, label, 0] if label is None else [label] * 3
    write_parquet(path, [png(x) for x in GREY[:3]], labels)
    with pytest.raises(DataError, match=r"train\.parquet: image [01] has label .*whole numbers"):
        read_parquet(path)


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
