"""The last net: whatever happens, a command ends with a sentence and a documented exit code.

0    done
2    something that the user can mend: the sentence says how
70   a bug of semvet: the traceback is kept in a file
130  stopped by Ctrl-C; 129, 131, 143 by SIGHUP, SIGQUIT, SIGTERM
141  whoever read the output closed it, as `head` does
"""

import errno
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn, TextIO

import typer
from rich.text import Text
from typer.core import TyperGroup

from semvet.cli.output import console
from semvet.cli.stopping import exit_code, stoppable
from semvet.errors import SemvetError

MENDABLE, BUG, CLOSED = 2, 70, 141
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DEBUG = "SEMVET_DEBUG"
err = console(stderr=True)


def say_warnings() -> None:
    """In a line each, without the code that they come from."""

    def say(
        message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> None:  # fmt: skip
        err.print(f"warning: {message}", soft_wrap=True)

    warnings.showwarning = say


class Guarded(TyperGroup):
    """The commands, inside the net."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Of typer's own ways to end, none is left."""
        words = list(sys.argv[1:] if args is None else args)

        def command() -> None:
            with self.make_context(prog_name or "semvet", words) as context:
                self.invoke(context)

        sys.exit(guarded(command))


def guarded(command: Callable[[], None]) -> int:
    """The exit code of a command that may end in any way."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_DFL:  # as `start` leaves it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with stoppable():
            return _ended(command)
    except KeyboardInterrupt as end:  # while a sentence was printed
        return exit_code(end)
    except OSError as error:  # standard error is closed or full: there is nobody to tell
        return _of_output(error)
    finally:
        signal.signal(signal.SIGINT, before)


def _ended(command: Callable[[], None]) -> int:
    try:
        try:
            command()
            status = 0
        except typer.Exit as end:
            status = end.exit_code
        sys.stdout.flush()
        return status
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # rich's own way to end, of `--help`
            return CLOSED
        raise
    except SemvetError as error:
        return fail(str(error))
    except KeyboardInterrupt as end:
        return stopped("stopped", end)
    except BrokenPipeError as error:
        return _of_output(error)
    except Exception as error:  # the last net is for all of them
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    if callable(words := getattr(error, "format_message", None)):  # a word that means nothing here
        said = words()  # nothing where no word was given at all: that has printed the help
        return fail(f"{said} `semvet --help` says what there is") if said else MENDABLE
    if isinstance(error, OSError) and error.filename is None and error.errno in FULL:
        status = _of_output(error)
        fail(f"standard output cannot be written ({error.strerror})")
        return status
    return _bug(error)


def fail(sentence: str) -> int:
    """Says what is wrong, in words that can be copied."""
    err.print(Text.assemble(("error: ", "bold red"), sentence), soft_wrap=True)
    return MENDABLE


def stopped(sentence: str, end: KeyboardInterrupt) -> int:
    with suppress(OSError):  # a terminal that hung up cannot be told
        err.print(sentence, soft_wrap=True)
    return exit_code(end)


def _bug(error: Exception) -> int:
    if os.environ.get(DEBUG, "") not in ("", "0"):
        err.print("".join(traceback.format_exception(error)), soft_wrap=True)
        where = "the traceback is above"
    else:
        from semvet.api import keep_traceback

        path = keep_traceback(error)
        where = f"the traceback is in {path}" if path else f"{DEBUG}=1 shows the traceback"
    what = " ".join(f"{type(error).__name__}: {error}".split())
    err.print(
        Text.assemble(
            ("this is a bug of semvet", "bold red"), f" ({what}); please report it: {where}"
        ),
        soft_wrap=True,
    )
    return BUG


def _of_output(error: OSError) -> int:
    """Nothing more can be printed: what is left must not fail again when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    return CLOSED if isinstance(error, BrokenPipeError) else MENDABLE
