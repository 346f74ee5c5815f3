"""Atomic writes, honest reads: a file is there whole or not at all, and a broken one is named.

Whatever lies in a folder of the store may be a stranger's. It is opened here or nowhere: regular
files only, no larger than their kind may be, a link only if it stays inside the store.
"""

import errno
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from semvet.config import read_document
from semvet.errors import ConfigError, Missing, StoreError
from semvet.store.strict_json import parse

UNFINISHED = ".part"  # ends the name of a file that is being written
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
GONE = {errno.ENOENT, errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ENOTCONN}
JSON_BYTES = 64 * 2**20
YAML_BYTES = 64 * 2**10
LARGEST = 8 * 2**30  # of any file
DELETE = "delete its folder and start the run again (other runs are not affected)"
SHOWN = 3  # errors of a record that are told

M = TypeVar("M", bound=BaseModel)


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """OSErrors as StoreErrors that name the file and the way out."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StoreError(
                f"{path}: the disk is full; finished runs are safe. Free some space or set "
                "SEMVET_RUNS to a folder on another disk, then start the same run again"
            ) from None
        if error.errno in GONE:
            raise StoreError(
                f"{path}: cannot be {doing}, its folder is gone ({error.strerror}): somebody "
                "removed it, or its disk is away. Finished runs elsewhere are safe. With the disk "
                "back in its place, or without the folder, start the same command again"
            ) from None
        raise StoreError(
            f"{path}: cannot be {doing} ({error.strerror}); check its permissions or set "
            "SEMVET_RUNS to a folder that you can write to"
        ) from None


def write_bytes(path: Path, content: bytes) -> None:
    """Replaces `path` in one step: readers see the old content or the new, after a crash too.

    Its folder must be there: one that vanished is not made again behind its owner's back.
    """
    with explained(path, "written"):
        handle, name = tempfile.mkstemp(UNFINISHED, f".{path.name}.", path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)  # mkstemp makes private files
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def write_text(path: Path, content: str) -> None:
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Raises ValueError for NaN: a number that is not one is None in our files."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_model(path: Path, record: BaseModel) -> None:
    """Raises ValueError for NaN, however it came into the record."""
    write_json(path, record.model_dump(mode="json"))


def append_line(path: Path, record: dict[str, Any]) -> None:
    """One JSON line at the end of a log."""
    with explained(path, "written"), path.open("a") as file:
        file.write(json.dumps(record) + "\n")


def remove_unfinished(folder: Path) -> None:
    """What writers that were killed left behind. Only for whoever holds the folder's lock."""
    for path in (*folder.glob(f".*{UNFINISHED}"), *folder.glob(f"pictures/.*{UNFINISHED}")):
        path.unlink(missing_ok=True)


@contextmanager
def opened(path: Path, *, most: int = LARGEST) -> Iterator[BufferedReader]:
    """A regular file of at most `most` bytes, to be read. Raises StoreError, Missing if none."""
    with explained(path, "read"):
        target = _target(path)
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW  # nobody swaps in a pipe or a link
        with os.fdopen(os.open(target, flags), "rb") as file:
            _refuse_strange(path, os.fstat(file.fileno()))
            if os.fstat(file.fileno()).st_size > most:
                raise damaged(path, f"larger than the {most:,} bytes that such a file may have")
            yield file


def read_bytes(path: Path, *, most: int = LARGEST) -> bytes:
    with opened(path, most=most) as file:
        return file.read(most)


def read_json(path: Path) -> dict[str, Any]:
    return as_json(path, read_bytes(path, most=JSON_BYTES))


def as_json(path: Path, content: bytes) -> dict[str, Any]:
    """What the file `path`, of this content, says."""
    try:
        value = parse(content)
    except ValueError as error:
        raise damaged(path, str(error)) from None
    if not isinstance(value, dict):
        raise damaged(path, "not a JSON object")
    return value


def read_model(path: Path, model: type[M]) -> M:
    return as_model(path, read_bytes(path, most=JSON_BYTES), model)


def as_model(path: Path, content: bytes, model: type[M]) -> M:
    """The record in the file `path`, of this content."""
    as_json(path, content)  # pydantic's parser forgives more than ours
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise damaged(path, _in_words(error)) from None


def read_yaml(path: Path) -> dict[str, Any]:
    content = read_bytes(path, most=YAML_BYTES)
    try:
        return read_document(content.decode(), str(path))
    except UnicodeDecodeError:
        raise damaged(path, "not UTF-8") from None
    except ConfigError as error:
        raise Missing(f"{error}; {DELETE}") from None


def damaged(path: Path, how: str) -> Missing:
    return Missing(f"{path}: {how}; {DELETE}")


def _target(path: Path) -> str:
    """Where the file is. Raises Missing, and StoreError for a link out of the store."""
    try:
        target, store = os.path.realpath(path), Path(os.path.realpath(path.parent)).parent
        _refuse_strange(path, os.stat(target))
    except (FileNotFoundError, NotADirectoryError):
        raise Missing(f"{path}: no such file") from None
    if path.is_symlink() and not Path(target).is_relative_to(store):
        raise damaged(path, f"a link to {target}, which is outside the store")
    return target


def _refuse_strange(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise damaged(path, f"{_KINDS.get(stat.S_IFMT(found.st_mode), 'a device')}, not a file")


_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def _in_words(error: ValidationError) -> str:
    """The first few errors as `systems.clean.n: input should be a valid integer`."""
    lines = [
        f"{_place(item['loc'])}: {item['msg'][:1].lower()}{item['msg'][1:]}"
        for item in error.errors(include_input=False, include_url=False)[:SHOWN]
    ]
    more = error.error_count() - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more else "")


def _place(path: tuple[str | int, ...]) -> str:
    """A stranger's keys may be of any length and hold anything."""
    where = ".".join(str(part) for part in path) or "the whole"
    return where if len(where) < 80 and where.isprintable() else ascii(where[:80])
