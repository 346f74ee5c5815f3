"""Small image files for the tests of `semvet.data`, written without any code of semvet."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet


def noise(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    """`count` random images of (height, width) or (height, width, channels)."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def png(pixels: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def write_parquet(path: Path, encoded: Sequence[bytes | None], labels: Sequence | None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(shard(encoded, labels))
    return path


def shard(
    encoded: Sequence[bytes | None],
    labels: Sequence | None,
    *,
    image: str = "image",
    label: str = "label",
) -> bytes:
    """The content of a parquet file with these columns."""
    struct = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    columns = {image: pa.array([{"bytes": x, "path": None} for x in encoded], struct)}
    if labels is not None:
        columns[label] = pa.array(labels)
    file = BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()
