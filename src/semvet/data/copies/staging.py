"""A local copy appears whole or not at all.

    <parent>/.<name>.part   filled, checked, then renamed to   <parent>/<name>

A failure removes the part; what a killed process left is removed by the next one. Processes that
want the same copy wait for each other.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from semvet.errors import DataError


class FetchError(DataError):
    """A local copy that could not be made, for a reason that lies outside its images."""


@contextmanager
def staged(folder: Path) -> Iterator[Path | None]:
    """An empty folder that becomes `folder` when the block ends well; None if it is there already.

    Raises FetchError if the disk refuses.
    """
    part = folder.with_name(f".{folder.name}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if folder.exists():
                yield None
                return
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            try:
                yield part
                part.rename(folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or error
        raise FetchError(
            f"{folder}: cannot be written ({reason}); make room, or give root=FOLDER "
            "that you can write to"
        ) from error
