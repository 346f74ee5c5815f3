"""A codec that is not ours: found by its name, and made.

    "package.module:function"  --import-->  function(shape, symbols)  -->  codec

This folder and `external` are the only parts of a system that read files: the files are the user's,
and their SHA-256 belong to the record of a run.
"""

import hashlib
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, final

from torch import nn

from semvet.errors import ConfigError, SemvetError


class Imported(NamedTuple):
    module: ModuleType
    file: Path
    sha256: str  # of the file when this process imported it


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Whatever foreign code raises, as a ConfigError with its place, which has no traceback."""
    try:
        yield
    except SemvetError:
        raise
    except Exception as error:
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename != __file__
            and not any(word in frame.filename for word in ("site-packages", "importlib"))
        ]
        where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
        raise ConfigError(f"{what} raised {type(error).__name__}{where}: {error}") from error


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@final
class CurrentFolder:
    """Finds one module or package in the current folder and nothing else there: the folder may be
    a stranger's, and only the codec was asked for."""

    def __init__(self, name: str):
        self.name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(fullname, [str(Path.cwd())]) if fullname == self.name else None


@cache
def _imported(name: str) -> Imported:
    finder = CurrentFolder(name.partition(".")[0])
    sys.meta_path.append(finder)  # the last one: what is installed comes first
    try:
        module = importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)
    file = Path(getattr(module, "__file__", None) or "")
    if not file.is_file():
        raise ConfigError(
            f"system.target: module {name} has no file whose SHA-256 could be put on record; "
            "write the codec into a .py file"
        )
    return Imported(module, file, sha256(file.read_bytes()))


def find(target: str) -> tuple[Callable[..., Any], Imported]:
    """The function (or class) of that name, and the module that it is in.

    Raises ConfigError: no such module or function, an error while importing, or a file that was
    edited after this process had imported it.
    """
    name, _, attribute = target.partition(":")
    if not name or not attribute:
        raise ConfigError(f"system.target: {target!r}; expected package.module:function")
    try:
        with explained(f"system.target: importing {name}"):
            found = _imported(name)
    except ConfigError as error:
        missing = error.__cause__
        if not isinstance(missing, ModuleNotFoundError):
            raise
        if f"{name}.".startswith(f"{missing.name}."):
            raise ConfigError(
                f"system.target: no module {missing.name!r} on Python's path or in the current "
                f"folder ({Path.cwd()}); install it, go to its folder, or set PYTHONPATH"
            ) from None
        raise ConfigError(
            f"{error}; of the current folder only the codec's own module or package is imported: "
            "install what is missing, put it into that package, or, if you trust the whole folder, "
            "set PYTHONPATH to it"
        ) from None
    if sha256(found.file.read_bytes()) != found.sha256:
        raise ConfigError(
            f"system.target: {found.file} was edited after this process had imported it; "
            "restart Python"
        )
    factory: Any = found.module
    for part in attribute.split("."):
        if not hasattr(factory, part):
            own = [k for k, v in vars(found.module).items() if getattr(v, "__module__", "") == name]
            raise ConfigError(
                f"system.target: {found.file} has no {attribute!r}; "
                f"it defines {', '.join(own) or 'nothing'}"
            )
        factory = getattr(factory, part)
    if not callable(factory):
        raise ConfigError(
            f"system.target: {target} is a {type(factory).__name__}; expected a function "
            "make_codec(shape, symbols), or a class with these arguments"
        )
    return factory, found


@final
class Parts(nn.Module):
    """A codec that is not a module itself: those of its attributes that are modules."""

    def __init__(self, codec: Any):
        super().__init__()
        self._codec = codec
        for name, part in getattr(codec, "__dict__", {}).items():
            if isinstance(part, nn.Module):
                self.add_module(name, part)

    def encode(self, x: Any) -> Any:
        return self._codec.encode(x)

    def decode(self, y: Any) -> Any:
        return self._codec.decode(y)


def as_module(codec: Any, target: str) -> nn.Module:
    """Raises ConfigError: `encode` or `decode` is missing."""
    for method in ("encode", "decode"):
        if not callable(getattr(codec, method, None)):
            raise ConfigError(
                f"system.target: {target} returned a {type(codec).__name__} without a method "
                f"{method!r}; expected encode(images) and decode(symbols)"
            )
    return codec if isinstance(codec, nn.Module) else Parts(codec)
