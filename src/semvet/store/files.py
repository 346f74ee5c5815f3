"""Atomic writes, honest reads: a file is there whole or not at all, and a broken one is named."""

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from semvet.errors import Missing, StoreError

UNFINISHED = ".part"  # ends the name of a file that is being written
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


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
        raise StoreError(
            f"{path}: cannot be {doing} ({error.strerror}); check its permissions or set "
            "SEMVET_RUNS to a folder that you can write to"
        ) from None


def write_bytes(path: Path, content: bytes) -> None:
    """Replaces `path` in one step: readers see the old content or the new, after a crash too."""
    with explained(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(UNFINISHED, f".{path.name}.", path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)  # mkstemp makes private files
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise


def write_text(path: Path, content: str) -> None:
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Raises ValueError for NaN: a number that is not one is None in our files."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def remove_unfinished(folder: Path) -> None:
    """What writers that were killed left behind. Only for whoever holds the folder's lock."""
    for path in folder.glob(f".*{UNFINISHED}"):
        path.unlink(missing_ok=True)


def read_bytes(path: Path) -> bytes:
    with explained(path, "read"):
        if not path.exists():
            raise Missing(f"{path}: no such file")
        return path.read_bytes()


def read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_bytes(path))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise damaged(path, "truncated or not JSON")
    return content


def read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(read_bytes(path))
    except (yaml.YAMLError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict):
        raise damaged(path, "truncated or not YAML")
    return content


def damaged(path: Path, how: str) -> Missing:
    return Missing(
        f"{path}: {how}; delete its folder and start the run again (other runs are not affected)"
    )


def append_line(path: Path, record: dict[str, Any]) -> None:
    """One JSON line at the end of a log."""
    with explained(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(json.dumps(record) + "\n")
