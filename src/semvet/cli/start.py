"""Entry point: sets what must be set before anything is imported, then hands over to `app`.

Whoever vets a stranger's codec starts semvet in the stranger's folder. Nothing of that folder may
run unless it is asked for by name, so the current folder is never on Python's path, here or in any
process that is started from here. Until that is done, only modules that Python has frozen into
itself may be imported: the folder may hold an `os.py` or a `typing.py` too.
"""

import _signal  # type: ignore[import-not-found]  # built in, unlike `signal`
import os
import sys

# glibc returns large blocks to the system at once by default; training spends half of its
# page-fault time on getting them back. Read when the process starts, hence the second start.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**32)}


def leave_out_current_folder() -> None:
    """Off Python's path, unless PYTHONPATH names it or semvet itself is installed there."""
    os.environ["PYTHONSAFEPATH"] = "1"  # for processes that libraries start
    try:
        here = os.path.realpath(os.getcwd())
    except FileNotFoundError:  # it was deleted, and holds nothing
        return
    named = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    ours = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    if here not in map(os.path.realpath, [*named, ours]):
        sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != here]


def main() -> None:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # Ctrl-C ends imports without a traceback
    leave_out_current_folder()
    if sys.platform == "linux" and not ALLOCATOR.keys() & os.environ.keys():
        os.environ.update(ALLOCATOR)
        _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGINT])  # kept until the next start
        os.execv(sys.executable, [sys.executable, "-P", *sys.orig_argv[1:]])
    if sys.platform != "win32":
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, [_signal.SIGINT])
    from semvet.cli.app import app
    from semvet.cli.guard import say_warnings

    say_warnings()
    app()
