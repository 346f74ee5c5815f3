"""Regular files only, up to a limit.

    stat -> a regular file, small enough -> open -> look again -> read -> as long as it said

A named pipe is waited for without end, /dev/zero is read until memory ends, and some devices act
when they are opened: so a path is looked at before. What is refused is an OSError whose `strerror`
says why, as if the system had refused it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

KINDS = {
    stat.S_IFDIR: "it is a folder",
    stat.S_IFIFO: "it is a named pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}
NOT_WAITING = getattr(os, "O_NONBLOCK", 0)  # Windows has neither this nor named pipes as files


@contextmanager
def open_regular(path: Path, *, limit: int) -> Iterator[tuple[BufferedReader, int]]:
    """The open file and its size, at most `limit` bytes."""
    try:
        _size(os.stat(path), limit)
    except ValueError:
        raise OSError(errno.EINVAL, "its name holds a NUL character") from None
    with open(path, "rb", opener=_opener) as file:
        yield file, _size(os.fstat(file.fileno()), limit)


def read_regular(path: Path, *, limit: int) -> bytes:
    with open_regular(path, limit=limit) as (file, size):
        return read_whole(file, size)


def read_whole(file: BufferedReader, size: int) -> bytes:
    """`file` from its beginning, which must be as long as it said."""
    try:
        file.seek(0)
        content = file.read(size + 1)
    except MemoryError:
        raise OSError(errno.ENOMEM, f"{in_words(size)} do not fit into memory") from None
    if len(content) != size:
        raise OSError(errno.EIO, "it is longer or shorter than the file system says")
    return content


def in_words(size: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def _size(status: os.stat_result, limit: int) -> int:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        raise OSError(errno.EINVAL, f"{KINDS.get(kind, 'it is something else')}, not a file")
    if status.st_size > limit:
        found, most = in_words(status.st_size), in_words(limit)
        raise OSError(errno.EFBIG, f"it holds {found}, at most {most} are read")
    return status.st_size


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | NOT_WAITING)
