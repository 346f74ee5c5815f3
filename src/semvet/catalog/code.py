"""The code of a plug-in that is not semvet's own, as one SHA-256.

    class -> its module -> what that imports of its own package, and so on -> their sources
    + name and version of the installed distribution

What it imports of other packages counts by nothing: a change there is a matter of its version.
semvet's own plug-ins need none: `NUMERICS` says when their numbers change.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from importlib.util import resolve_name
from pathlib import Path

from semvet.catalog.tables import TABLES
from semvet.config.families import FAMILIES
from semvet.errors import ConfigError
from semvet.plugins import Pin


def is_ours(plug_in: type) -> bool:
    return _top(plug_in.__module__) == "semvet"


def code_of(plug_in: type, where: str) -> Pin:
    """Raises ConfigError: no source file, or one that was edited after it was imported."""
    now, before = _digest(plug_in), _imported(plug_in)
    if now is None or before is None:
        raise ConfigError(
            f"{where}: {plug_in.__module__}.{plug_in.__qualname__} has no source file whose "
            "SHA-256 could be put on record; write it into a .py file"
        )
    if now != before:
        raise ConfigError(
            f"{where}: {now.file}, or what it imports of its package, was edited after this "
            "process had imported it; restart Python"
        )
    return now


@cache
def _imported(plug_in: type) -> Pin | None:
    """As it was when it was asked for first."""
    return _digest(plug_in)


def _digest(plug_in: type) -> Pin | None:
    sources = _sources(plug_in.__module__)
    if plug_in.__module__ not in sources:
        return None
    digest = hashlib.sha256(_distribution(plug_in.__module__).encode())
    for name in sorted(sources):
        content = sources[name].read_bytes()
        digest.update(f"\n{name} {len(content)}\n".encode() + content)
    return Pin(digest.hexdigest(), str(sources[plug_in.__module__]))


def _sources(module: str) -> dict[str, Path]:
    """The files of a module, and of the modules of its own package that it needs."""
    waiting, found = [module], dict[str, Path]()
    while waiting:
        name = waiting.pop()
        file = None if name in found else _file(name)
        if file is None:
            continue
        found[name] = file
        parent = name.rpartition(".")[0]
        waiting += [parent] if parent else []  # a package's __init__ runs first
        if file.suffix == ".py":
            package = name if file.name == "__init__.py" else parent
            needed = _imports(file.read_bytes(), package)
            waiting += [one for one in needed if _top(one) == _top(module)]
    return found


def _file(module: str) -> Path | None:
    """None for a name that is no module, as that of a class in `from module import Class`."""
    if module in sys.modules:
        path = Path(getattr(sys.modules[module], "__file__", None) or "")
        return path if path.is_file() else None
    top, *rest = module.split(".")
    for folder in getattr(sys.modules.get(top), "__path__", ()):  # found without running anything
        path = Path(folder, *rest)
        for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None


def _imports(source: bytes, package: str) -> Iterator[str]:
    """Absolute names of all that may be modules; none of a file that is being edited."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            base = resolve_name(relative, package) if node.level else relative
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def _distribution(module: str) -> str:
    """Its name and version; empty for a module that no installed distribution offers."""
    for group in FAMILIES:
        for point in entry_points(group=f"semvet.{group}"):
            if _top(point.module) == _top(module) and point.dist:
                return f"{point.dist.name} {point.dist.version}"
    return ""


def _top(module: str) -> str:
    return module.partition(".")[0]


def _remember() -> None:
    for table in TABLES.values():
        for plug_in in table.values():
            if not is_ours(plug_in):
                _imported(plug_in)


_remember()  # the code that was imported, not what is there when a run asks
