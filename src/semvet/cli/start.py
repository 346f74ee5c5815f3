"""Entry point: sets what must be set before torch is loaded, then hands over to `app`."""

import os
import sys

# glibc returns large blocks to the system at once by default; training spends half of its
# page-fault time on getting them back. Read when the process starts, hence the second start.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**32)}


def main() -> None:
    if sys.platform == "linux" and not ALLOCATOR.keys() & os.environ.keys():
        os.environ.update(ALLOCATOR)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    sys.path.append(os.getcwd())  # where `python -m semvet` looks as well: for codecs of one's own
    from semvet.cli.app import app

    app()
