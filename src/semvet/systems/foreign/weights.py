"""The weights of a codec that is not ours: read, never unpickled, after they were found to fit.

    weights.safetensors: header -> names, shapes and types as the codec's -> tensors -> finite

Types: a tensor has the type of the codec's, or both are floats and the codec's are fp32 or fp64;
it is converted then, which is said once on the log (fp64 is rounded to fp32).
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BufferedReader
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from semvet.boundary import open_regular, read_whole, shown
from semvet.boundary.tensors import (
    MOST_BYTES,
    Described,
    Header,
    TensorsError,
    is_safetensors,
    read_header,
)
from semvet.errors import WeightsError

SHOWN = 4  # differences between weights that an error lists
TYPES = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "U16": torch.uint16,
    "I16": torch.int16, "U32": torch.uint32, "I32": torch.int32, "U64": torch.uint64,
    "I64": torch.int64, "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32,
    "F64": torch.float64, "C64": torch.complex64,
}  # fmt: skip
FLOATS = ("F16", "BF16", "F32", "F64")
WIDE = (torch.float32, torch.float64)

log = logging.getLogger(__name__)


def file_sha256(path: str) -> str:
    """Raises WeightsError: unreadable, damaged, or not safetensors (which is refused unread)."""
    with _opened(path) as (file, size):
        read_header(file, size)
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_weights(codec: nn.Module, path: str) -> None:
    """Strictly: every parameter and buffer, and nothing else.

    Raises WeightsError: as `file_sha256`; names, shapes or types that do not fit, NaN or
    infinity.
    """
    expected = codec.state_dict()
    with _opened(path) as (file, size):
        header = read_header(file, size)
        _refuse(path, list(_differences(expected, header)))
        given = load(read_whole(file, size))
    given = {name: value.to(expected[name].dtype) for name, value in given.items()}
    _refuse(path, [f"{name}: holds NaN or infinity" for name in _not_finite(given)])
    if converted := sorted(_converted(expected, header)):
        _say_once(
            f"system.weights: {shown(path)}: {len(converted)} of {len(given)} tensors converted, "
            f"for example {converted[0]}"
        )
    codec.load_state_dict(given)


@contextmanager
def _opened(path: str) -> Iterator[tuple[BufferedReader, int]]:
    """Whatever is wrong with the file, in words."""
    try:
        with open_regular(Path(path), limit=MOST_BYTES) as (file, size):
            if Path(path).suffix != ".safetensors" or not is_safetensors(file.read(9)):
                raise WeightsError(
                    f"system.weights: {shown(path)} is not safetensors; it was not read, since "
                    "unpickling runs whatever code it holds. Convert it in a sandbox with "
                    "safetensors.torch.save_file(codec.state_dict(), 'weights.safetensors')"
                )
            yield file, size
    except OSError as error:
        raise WeightsError(
            f"system.weights: {shown(path)} cannot be read ({error.strerror}); name a safetensors "
            "file that may be read"
        ) from None
    except (TensorsError, SafetensorError, ValueError, MemoryError) as error:
        raise WeightsError(
            f"system.weights: {shown(path)} is truncated or damaged ({error}); save the codec's "
            "state_dict() again with safetensors.torch.save_file"
        ) from None


def _refuse(path: str, differences: list[str]) -> None:
    if not differences:
        return
    more = f"\n  and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
    raise WeightsError(
        f"system.weights: {shown(path)} does not fit the codec:\n  "
        + "\n  ".join(differences[:SHOWN]) + more
        + "\nThe codec must be the one that was trained, for the same image size and "
        "system.bandwidth_ratio"
    )  # fmt: skip


def _differences(expected: dict[str, Tensor], header: Header) -> Iterator[str]:
    given = header.tensors
    for name in sorted(expected.keys() | given.keys()):
        if name not in given:
            yield f"{shown(name)}: missing from the file"
        elif name not in expected:
            yield f"{shown(name)}: only in the file"
        elif given[name].shape != expected[name].shape:
            shapes = f"{given[name].shape}, the codec's {tuple(expected[name].shape)}"
            yield f"{shown(name)}: shape {shapes}"
        elif not _fits(given[name], expected[name]):
            types = f"{_type(given[name])}, the codec's {_name(expected[name].dtype)}"
            yield f"{shown(name)}: type {types}, which would lose something"


def _fits(given: Described, expected: Tensor) -> bool:
    same = TYPES[given.dtype] == expected.dtype
    return same or (given.dtype in FLOATS and expected.dtype in WIDE)


def _converted(expected: dict[str, Tensor], header: Header) -> Iterator[str]:
    for name, given in header.tensors.items():
        if TYPES[given.dtype] != expected[name].dtype:
            yield f"{shown(name)} from {_type(given)} to {_name(expected[name].dtype)}"


def _not_finite(given: dict[str, Tensor]) -> Iterator[str]:
    return (shown(name) for name, value in given.items() if not value.isfinite().all())


def _type(given: Described) -> str:
    return _name(TYPES[given.dtype])


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


@cache
def _say_once(sentence: str) -> None:
    log.warning(sentence)
