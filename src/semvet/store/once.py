"""Found, or made by one while the others wait: everything that several runs may share.

read()  ->  whole: take it
        ->  Missing: lock the folder, read() again, make(), read()
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from semvet.errors import Missing, StoreError
from semvet.store.locks import locked

T = TypeVar("T")


def once(
    folder: Path, make: Callable[[], None], read: Callable[[], T],
    *, wait: Callable[[str], None] | None, doing: str = "working",
) -> T:  # fmt: skip
    """What the folder holds, made by this process if nobody made it before.

    Whoever waited takes the finished thing and makes nothing. A holder that dies frees the lock;
    the next one in line makes it.

    Args:
        read: raises Missing where nothing, or something half-made or damaged, is there: half-made
            is not made, it is made again.
        wait: is told for whom it waits, in a sentence; None: StoreError that says who works there.
        doing: what others that wait are told, for example "training the clean system".

    Raises:
        StoreError: the folder cannot be written, or was removed each time it was made.
    """
    with suppress(Missing):
        return read()
    for _ in range(2):  # again if the folder was removed in the middle
        with locked(folder, wait=wait, doing=doing):
            with suppress(Missing):
                return read()
            try:
                make()
                return read()
            except Missing as error:
                lost = str(error)
    raise StoreError(
        f"{folder}: what was made there is gone or damaged ({lost}); leave the folder in place "
        "and start the same command again"
    )
