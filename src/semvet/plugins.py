"""Plug-ins of other packages, found by entry point: one file, one line in their pyproject.toml."""

import warnings
from importlib.metadata import entry_points
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Pin(NamedTuple):
    """A file that a run depends on, as it is now. See `semvet.catalog.pins`."""

    sha256: str | None  # None: there is none, because its argument is not given
    file: str = ""


def with_entry_points(group: str, built_in: dict[str, type[T]]) -> dict[str, type[T]]:
    """`built_in` plus the entry points of `group`, for example "semvet.attacks".

    A plug-in that cannot be imported is left out with a warning: it must not take the rest along.
    A name that semvet itself uses stays semvet's.
    """
    table = dict(built_in)
    for point in entry_points(group=group):
        if point.name in built_in:
            warnings.warn(f"plug-in {point.value} left out: {point.name!r} is taken", stacklevel=2)
            continue
        try:
            table[point.name] = point.load()
        except Exception as error:
            warnings.warn(f"plug-in {point.value} left out: {error}", stacklevel=2)
    return table
