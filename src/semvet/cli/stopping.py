"""Signals that end a command, as exceptions: what was begun is left as it should be.

A training that is under way finishes its step and writes a checkpoint before it lets one through.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NAMES = ("SIGTERM", "SIGHUP", "SIGQUIT")  # Windows does not have them all


class Stopped(KeyboardInterrupt):
    """As Ctrl-C, which Python raises itself."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


def exit_code(end: KeyboardInterrupt) -> int:
    """What a shell shows of a process that the signal itself has ended."""
    return 128 + (end.number if isinstance(end, Stopped) else signal.SIGINT)


@contextmanager
def stoppable() -> Iterator[None]:
    """Signals that are ignored, as under nohup, stay so."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
        before = {n: h for n in numbers if (h := signal.getsignal(n)) is signal.SIG_DFL}
    for number in before:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)
