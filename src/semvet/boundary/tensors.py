"""Safetensors, checked before their tensors are read.

    8 bytes: length of the header | header, a JSON object | the tensors, one after the other
    {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {...}}

Whoever reads a header that passed knows how much memory the file will take, and that every byte of
it belongs to one tensor.
"""

import json
from io import BufferedReader
from math import prod
from typing import NamedTuple

from semvet.boundary.words import shown

MOST_BYTES = 8 * 2**30  # of a file
MOST_HEADER = 16 * 2**20
MOST_TENSORS = 65_536
MOST_AXES = 16
BYTES = {  # of one number; other types are refused
    "BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "U32": 4, "I32": 4, "U64": 8, "I64": 8,
    "F16": 2, "BF16": 2, "F32": 4, "F64": 8, "C64": 8,
}  # fmt: skip


class TensorsError(ValueError):
    """Its text says what is wrong with the file, without the file's name."""


class Described(NamedTuple):
    dtype: str  # a key of BYTES
    shape: tuple[int, ...]


class Header(NamedTuple):
    tensors: dict[str, Described]
    metadata: dict[str, str]


def is_safetensors(head: bytes) -> bool:
    """Of a file's first 9 bytes: a length, of any value, and the beginning of an object."""
    return head[8:9] == b"{"


def read_header(file: BufferedReader, size: int) -> Header:
    """Of a file of `size` bytes. Raises TensorsError for whatever is not as written above."""
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    room = size - 8
    if not 2 <= length <= room:
        raise TensorsError(
            f"its header should have {length:,} bytes, the file has {max(0, room):,}"
        )
    if length > MOST_HEADER:
        raise TensorsError(f"its header has {length:,} bytes, at most {MOST_HEADER:,} are read")
    try:
        found = json.loads(file.read(length).decode(), object_pairs_hook=_without_duplicates)
    except TensorsError:
        raise
    except (ValueError, RecursionError) as error:
        raise TensorsError(f"its header is not JSON: {shown(error)}") from None
    if not isinstance(found, dict):
        raise TensorsError("its header is not a JSON object")
    metadata = found.pop("__metadata__", {})
    if not _is_texts(metadata):
        raise TensorsError("its __metadata__ is not an object of texts")
    if len(found) > MOST_TENSORS:
        raise TensorsError(f"it holds {len(found):,} tensors, at most {MOST_TENSORS:,} are read")
    spans, tensors = [], {}
    for name, entry in found.items():
        tensors[name], span = _tensor(name, entry)
        spans.append(span)
    _require_tiling(spans, room - length)
    return Header(tensors, metadata)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content: dict[str, object] = {}
    for name, value in pairs:
        if name in content:
            raise TensorsError(f"its header names {shown(name)} twice")
        content[name] = value
    return content


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _tensor(name: str, entry: object) -> tuple[Described, tuple[int, int]]:
    """One entry of the header, and the bytes that it says are its own."""
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(first), int(end)]}:
            pass
        case _:
            raise TensorsError(f"tensor {shown(name)} is not described by dtype, shape and offsets")
    if dtype not in BYTES:
        raise TensorsError(
            f"tensor {shown(name)} has type {shown(dtype)}; supported are {', '.join(BYTES)}"
        )
    if len(shape) > MOST_AXES or not all(type(n) is int and 0 <= n <= MOST_BYTES for n in shape):
        raise TensorsError(f"tensor {shown(name)} has a shape that is none: {shown(shape)}")
    if prod(max(1, n) for n in shape) > MOST_BYTES:
        raise TensorsError(f"tensor {shown(name)} is too large: {shown(shape)}")
    if end - first != BYTES[dtype] * prod(shape):
        raise TensorsError(
            f"tensor {shown(name)}: {shown(shape)} of {dtype} are {BYTES[dtype] * prod(shape):,} "
            f"bytes, its offsets are {shown([first, end])}"
        )
    return Described(dtype, tuple(shape)), (first, end)


def _require_tiling(spans: list[tuple[int, int]], room: int) -> None:
    """One tensor after the other from the first byte to the last."""
    joints = [0, *(n for span in sorted(spans) for n in span), room]
    if joints[::2] != joints[1::2]:
        raise TensorsError(
            f"its tensors do not fill its {room:,} bytes one after the other: "
            "truncated, or something else is in between"
        )
