"""Weights and checkpoints as safetensors, with a JSON sidecar that holds their SHA-256.

A tool that handles malicious models must never unpickle one: anything that is not safetensors is
refused before a byte of it is interpreted. Tensors are read once hash and header are as they should
be.
"""

import hashlib
import json
import os
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from semvet.boundary import read_whole, shown
from semvet.boundary.tensors import MOST_BYTES, Header, TensorsError, is_safetensors, read_header
from semvet.errors import WeightsError
from semvet.store.files import opened, read_json, write_bytes, write_json

Arrays = dict[str, np.ndarray]


def sidecar(path: Path) -> Path:
    return path.with_suffix(".json")


def write_weights(path: Path, arrays: Arrays, description: dict[str, Any]) -> None:
    """`path` (.safetensors) and, before it, its sidecar with hash and description."""
    content = save(_in_order(arrays))
    digest = hashlib.sha256(content).hexdigest()
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    write_json(sidecar(path), {"sha256": digest, "tensors": shapes, **description})
    write_bytes(path, content)


def read_description(path: Path) -> dict[str, Any]:
    """What the sidecar of `path` says. Raises StoreError if it cannot be read."""
    return read_json(sidecar(path))


def read_weights(path: Path) -> Arrays:
    """Raises WeightsError: not safetensors (unread), no sidecar, or another hash than written;
    StoreError: no file of at most 8 GiB."""
    with opened(path, most=MOST_BYTES) as file:
        _refuse_other_formats(path, file.read(9))
        if not sidecar(path).exists():
            raise WeightsError(
                f"{path}: no {sidecar(path).name} beside it; semvet loads only weights whose "
                "SHA-256 is on record there"
            )
        file.seek(0)
        expected = read_json(sidecar(path)).get("sha256")
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise WeightsError(
                f"{path}: SHA-256 is {found[:16]}..., {sidecar(path).name} says "
                f"{shown(expected)[:16]}...; the file was changed or damaged after it was written. "
                "Restore it, or delete the folder and train again"
            )
        return _parse(path, file)[1]


def write_checkpoint(path: Path, arrays: Arrays, state: dict[str, Any]) -> None:
    """Arrays and plain state in one file, so that both are of the same moment."""
    arrays, text = _in_order(arrays), json.dumps(state)
    write_bytes(path, save(arrays, metadata={"state": text, "sha256": _digest(arrays, text)}))


def read_checkpoint(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Raises WeightsError if it is not whole and as it was written; StoreError: no such file."""
    with opened(path, most=MOST_BYTES) as file:
        header, arrays = _parse(path, file)
    text = header.metadata.get("state", "")
    if header.metadata.get("sha256") != _digest(arrays, text):
        raise WeightsError(f"{path}: damaged, its SHA-256 is not the recorded one; delete it")
    try:
        state = json.loads(text)
    except (ValueError, RecursionError):
        state = None
    if not isinstance(state, dict):
        raise WeightsError(f"{path}: damaged, its state is not a JSON object; delete it")
    return arrays, state


def _in_order(arrays: Arrays) -> Arrays:
    """C order, which safetensors takes for granted."""
    return {name: np.asarray(array, order="C") for name, array in arrays.items()}


def _digest(arrays: Arrays, state: str) -> str:
    digest = hashlib.sha256(state.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _refuse_other_formats(path: Path, head: bytes) -> None:
    if path.suffix == ".safetensors" and is_safetensors(head):
        return
    what = "not safetensors"
    if head[:2] == b"PK" or head[:1] == b"\x80":
        what += " but a pickle"
    raise WeightsError(
        f"{path}: {what}; it was not read, since unpickling runs whatever code it holds. "
        "Convert it in a sandbox with safetensors.torch.save_file(state_dict, "
        "'weights.safetensors')"
    )


def _parse(path: Path, file: BufferedReader) -> tuple[Header, Arrays]:
    try:
        size = os.fstat(file.fileno()).st_size
        header = read_header(file, size)
        if bf16 := [name for name, tensor in header.tensors.items() if tensor.dtype == "BF16"]:
            raise TensorsError(f"tensor {shown(bf16[0])} has type BF16, which numpy does not have")
        return header, load(read_whole(file, size))
    except (TensorsError, SafetensorError, ValueError, MemoryError) as error:
        raise WeightsError(f"{path}: truncated or not safetensors ({error})") from None
