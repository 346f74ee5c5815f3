"""How these scripts are started: what they say of themselves, and how they end."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable

from semvet.errors import SemvetError


def parser(name: str, description: str) -> ArgumentParser:
    """Of `python -m experiments.NAME`; `description` is the module's docstring."""
    return ArgumentParser(
        f"python -m experiments.{name}",
        description=description,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def start(main: Callable[[], None]) -> None:
    """Ends in a sentence and exit code 2 where a user can mend it."""
    try:
        main()
    except SemvetError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
