"""One process at a time works on a folder; the others wait, and are told for whom.

The lock is a flock on `<folder>/.lock`, so that a holder's death frees it. The file says who holds
it, for the sentence, and goes away with the lock.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import Field, ValidationError

from semvet.errors import StoreError
from semvet.records import Record
from semvet.store.files import explained, remove_unfinished

LOCK = ".lock"
POLL_S = 0.25
LONGEST = 4096  # bytes that the file may have


class Holder(Record):
    """Who works on a folder, and since when (seconds since 1970)."""

    pid: int
    host: str = Field(max_length=255)
    since: float
    doing: str = Field(max_length=200)

    def __str__(self) -> str:
        began = time.localtime(self.since)
        today = began[:3] == time.localtime()[:3]
        clock = time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", began)
        return f"process {self.pid} on {self.host}, which is {self.doing} there since {clock}"


@contextmanager
def locked(
    folder: Path, *, wait: Callable[[str], None] | None, doing: str = "working"
) -> Iterator[None]:
    """Makes the folder if need be. What killed writers left in it is gone when the block begins.

    Args:
        wait: is told whom it waits for, once for each holder; None: StoreError at once.
        doing: what the others are told, for example "training the clean system".
    """
    with explained(folder, "written"):
        lock = _acquired(folder, wait, doing)
    try:
        with explained(folder, "written"):
            remove_unfinished(folder)
        yield
    finally:
        lock.release()
        with suppress(OSError):
            folder.rmdir()  # where nothing was made


class _Lock:
    """A FileLock that knows whether the file it holds is still the one that others would find."""

    def __init__(self, path: Path, doing: str):
        self.path, self.doing = path, doing
        self._file = FileLock(path, timeout=0, on_acquired=self._sign)
        self._held: os.stat_result | None = None

    def acquired(self) -> bool:
        try:
            self._file.acquire()
        except Timeout:
            return False
        if not self.found:  # the folder was removed in between
            self._file.release()
            return False
        return True

    @property
    def found(self) -> bool:
        try:
            return self._held is not None and os.path.samestat(self._held, os.stat(self.path))
        except OSError:
            return False

    def release(self) -> None:
        with suppress(OSError):
            if self.found:  # while it is held: whoever opened it before will see that it is gone
                self.path.unlink()
        self._file.release()

    def _sign(self, descriptor: int) -> None:
        me = Holder(
            pid=os.getpid(), host=socket.gethostname(), since=time.time(), doing=self.doing[:200]
        )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, me.model_dump_json().encode(), 0)
        self._held = os.fstat(descriptor)


def _acquired(folder: Path, wait: Callable[[str], None] | None, doing: str) -> _Lock:
    seen = told = ""
    while True:
        folder.mkdir(parents=True, exist_ok=True)  # may have been removed while we waited
        lock = _Lock(folder / LOCK, doing)
        with suppress(FileNotFoundError):  # removed this moment
            if lock.acquired():
                return lock
        who = _holder(folder / LOCK)
        if wait is None:
            raise StoreError(f"{folder}: in use by {who or 'another process'}; wait, or end it")
        if who == seen and who != told:  # not for those who only fetch what they waited for
            wait(f"waiting for {who}")
            told = who
        seen = who
        time.sleep(POLL_S)


def _holder(path: Path) -> str:
    """Empty where it cannot be said: somebody has just begun, or has just ended."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            return str(Holder.model_validate_json(os.read(descriptor, LONGEST)))
        finally:
            os.close(descriptor)
    except (OSError, ValidationError, OverflowError):
        return ""
