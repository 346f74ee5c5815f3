"""Signals that end a process wait until a step is done and a checkpoint is written.

    SIGINT, SIGTERM, SIGHUP, SIGQUIT
        --noted-->  end of the step, checkpoint  --given on-->  whoever had handled them before

Who is in a hurry sends a second one: that is given on at once.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, final

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")  # not every system has them all


@final
class HeldBack:
    """Attributes:
    pending: the signal that came, if one did.
    """

    def __init__(self) -> None:
        self.pending: int | None = None
        self._before: dict[int, Any] = {}

    def hold(self) -> None:
        """Those that were ignored stay ignored, and handlers that are not Python's stay."""
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is None or signal.getsignal(number) in (signal.SIG_IGN, None):
                continue
            self._before[number] = signal.signal(number, self._note)

    def let_go(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def give_on(self) -> None:
        """Returns if nothing is pending, or if whoever handles the signal returns."""
        number, self.pending = self.pending, None
        if number is None:
            return
        self.let_go()
        signal.raise_signal(number)
        self.hold()

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self.pending = self.pending is not None, number
        if again:
            self.give_on()


@contextmanager
def held_back() -> Iterator[HeldBack]:
    """Only Python's main thread gets signals; in others this does nothing."""
    held = HeldBack()
    if threading.current_thread() is not threading.main_thread():
        yield held
        return
    held.hold()
    try:
        yield held
    finally:
        held.let_go()
        if held.pending is not None:
            signal.raise_signal(held.pending)
