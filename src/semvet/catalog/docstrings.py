"""What plug-ins say of themselves in their own files.

    module head       its first paragraph: what it is;   "Paper:" until "Deviates:": the paper
    class docstring   the block "Args:": a line for each argument, `name: text` or `a, b: text`

A class whose module has no head says what it is in the first paragraph of its own docstring.
"""

import inspect
import re
import sys

ENTRY = re.compile(r"([a-z_]\w*(?:, [a-z_]\w*)*): (.*)", re.IGNORECASE)


def summary(plug_in: type) -> str:
    """One sentence or two, in one line; empty where nobody wrote any."""
    head = _head(plug_in) or inspect.cleandoc(plug_in.__doc__ or "")
    first = head.partition("\n\n")[0]
    return "" if first.startswith("Args:") else _line(first)


def paper(plug_in: type) -> str:
    """Empty where the file names none."""
    found = re.search(r"^Paper: (.*?)(?=^\S|\Z)", _head(plug_in), re.DOTALL | re.MULTILINE)
    return _line(found[1]) if found else ""


def meanings(plug_in: type) -> dict[str, str]:
    """By argument; those that the class docstring leaves out are left out."""
    text = inspect.cleandoc(plug_in.__doc__ or "")
    block = re.search(r"^Args:\n(.*?)(?=\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    if not block:
        return {}
    found: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(block[1]).splitlines():
        if entry := ENTRY.fullmatch(line):
            names = entry[1].split(", ")
        text = entry[2] if entry else line
        found |= {name: _line(f"{found.get(name, '')} {text}") for name in names}
    return found


def _head(plug_in: type) -> str:
    return inspect.cleandoc(sys.modules[plug_in.__module__].__doc__ or "")


def _line(text: str) -> str:
    return " ".join(text.split())
