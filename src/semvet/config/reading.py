"""The one reader of text that comes from outside as YAML: files, `key=value` words, run folders.

    text  --PyYAML's parser-->  events  --here-->  lists, mappings with text as keys, `scalars`

PyYAML's constructors are left out: they raise more than YAMLError, an alias of aliases fills the
memory, and tags name types. What a configuration never needs is refused by its place, its key and
the way out, at the first event that shows it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml import events

from semvet.config.scalars import MisreadError, Scalar, scalar
from semvet.errors import ConfigError

Value = Scalar | list[Any] | dict[str, Any]
Document = dict[str, Any]

LONGEST = 64 * 1024  # characters of a document
DEEPEST = 32  # lists and mappings in one another
MOST = 3000  # keys and values of a document
LONGEST_TEXT = 4096
LONGEST_KEY = 200
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
IN_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # a value is one line


@dataclass(frozen=True)
class Origin:
    """Where a text comes from: a file, or the value of a key."""

    name: str
    key: bool

    def error(
        self, problem: str, path: tuple[str, ...] = (), line: int | None = None
    ) -> ConfigError:
        """Begins with the key; before it, for a file, its name and the line (counted from 0)."""
        if self.key:
            return ConfigError(f"{'.'.join((self.name, *path))}: {problem}")
        where = self.name if line is None else f"{self.name}, line {line + 1}"
        return ConfigError(": ".join([where, *([".".join(path)] if path else []), problem]))


def read_file(name: str) -> Document:
    """The document of a user's file. Raises ConfigError that names file, line, key and way out."""
    try:
        if not Path(name).is_file():
            raise ConfigError(f"{name}: no such file")
        with open(name, "rb") as file:
            content = file.read(LONGEST + 1)
        text = content.decode()
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: not YAML: {error.reason} at byte {error.start}") from None
    return read_document(text, name)


def read_document(text: str, source: str) -> Document:
    """The keys and values of a whole file; errors begin with `source`. Raises ConfigError."""
    document = _read(text, Origin(source, key=False))
    if not isinstance(document, dict):
        raise ConfigError(f"{source}: expected keys such as data, system, attack at the top level")
    return document


def read_value(text: str, key: str) -> Value:
    """The value in `key=text`. Raises ConfigError that begins with the key."""
    return _read(text, Origin(key, key=True))


def _read(text: str, origin: Origin) -> Value:
    if len(text) > LONGEST:
        raise origin.error(f"longer than {LONGEST // 1024} KiB; a configuration is a page or two")
    if found := CONTROL.search(text):
        line = text.count("\n", 0, found.start())
        problem = f"holds the control character U+{ord(found[0]):04X}; remove it"
        raise origin.error(problem, line=line)
    if re.search(r"^%", text, re.MULTILINE):
        raise origin.error("a line that begins with % (a YAML directive); remove it")
    try:
        return _document(_few(yaml.parse(text, Loader=Parser), origin), origin)
    except TooDeepError as error:
        problem = f"nested deeper than {DEEPEST} levels; flatten it"
        raise origin.error(problem, line=error.args[0]) from None
    except yaml.YAMLError as error:
        problem = _in_one_line(error)
    except (ValueError, OverflowError):  # an escape such as "\UFFFFFFFF"
        problem = "a character that there is not"
    if origin.key:
        raise origin.error(f"{_cut(text)!r} is not a YAML value ({problem})")
    raise origin.error(f"not YAML: {problem}")


class TooDeepError(Exception):
    """In this line."""


class Parser(yaml.SafeLoader):
    """Stops at the first bracket too deep: its scanner looks 1,024 characters ahead, and the time
    for that grows with the square of the open brackets."""

    def fetch_flow_collection_start(self, token_class: type[yaml.Token]) -> None:
        if self.flow_level >= DEEPEST:
            raise TooDeepError(self.line)
        super().fetch_flow_collection_start(token_class)


def _few(found: Iterable[events.Event], origin: Origin) -> Iterator[events.Event]:
    for count, event in enumerate(found):
        if count > MOST:
            problem = f"more than {MOST:,} keys and values; a configuration is a page or two"
            raise origin.error(problem, line=_line(event))
        yield event


def _in_one_line(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{error.problem} in line {error.problem_mark.line + 1}"
    return " ".join(str(error).split())


def _document(found: Iterator[events.Event], origin: Origin) -> Value:
    value, seen = None, False
    for event in found:
        if isinstance(event, events.DocumentStartEvent) and seen:
            line = _line(event)
            raise origin.error("a second document (---); keep one", line=line)
        if isinstance(event, events.NodeEvent):
            value, seen = _value(event, found, (), origin), True
    return value


def _value(
    event: events.NodeEvent, found: Iterator[events.Event], path: tuple[str, ...], origin: Origin
) -> Value:
    line = _line(event)
    _refuse_marks(event, path, origin)
    if isinstance(event, events.ScalarEvent):
        return _scalar(event, path, origin)
    if len(path) >= DEEPEST:
        raise origin.error(f"nested deeper than {DEEPEST} levels; flatten it", path[:4], line)
    if isinstance(event, events.SequenceStartEvent):
        items: list[Value] = []
        while isinstance(inner := next(found), events.NodeEvent):
            items.append(_value(inner, found, (*path, str(len(items))), origin))
        return items
    keys: dict[str, Value] = {}
    while isinstance(inner := next(found), events.NodeEvent):
        key = _key(inner, path, origin)
        if key in keys:
            problem = "given twice; keep one of them"
            raise origin.error(problem, (*path, key), _line(inner))
        value = next(found)
        assert isinstance(value, events.NodeEvent)  # what the parser promises
        keys[key] = _value(value, found, (*path, key), origin)
    return keys


def _refuse_marks(event: events.NodeEvent, path: tuple[str, ...], origin: Origin) -> None:
    tag, line = getattr(event, "tag", None), _line(event)
    if tag is not None:
        shown = _cut(tag).replace("tag:yaml.org,2002:", "!!")
        raise origin.error(f"the YAML tag {shown!r}; leave it out", path, line)
    if event.anchor is not None:
        sign = "*" if isinstance(event, events.AliasEvent) else "&"
        problem = f"the YAML anchor or alias {sign}{_cut(event.anchor)}; write the value out"
        raise origin.error(problem, path, line)


def _key(event: events.NodeEvent, path: tuple[str, ...], origin: Origin) -> str:
    """Keys are text as it stands there: 3 is "3", and no is "no"."""
    line = _line(event)
    _refuse_marks(event, path, origin)
    if not isinstance(event, events.ScalarEvent):
        raise origin.error("a list or mapping as a key; a key is a word", path, line)
    key = event.value
    if not key or len(key) > LONGEST_KEY or IN_TEXT.search(key):
        problem = f"{_cut(key)!r} as a key; a key is a word of at most {LONGEST_KEY} characters"
        raise origin.error(problem, path, line)
    if key == "<<":
        raise origin.error("'<<' merges nothing here; write the keys out", path, line)
    return key


def _scalar(event: events.ScalarEvent, path: tuple[str, ...], origin: Origin) -> Scalar:
    text, line = event.value, _line(event)
    if len(text) > LONGEST_TEXT:
        problem = f"a text of {len(text):,} characters; allowed are {LONGEST_TEXT:,}"
        raise origin.error(problem, path, line)
    if found := IN_TEXT.search(text):
        problem = f"holds the control character U+{ord(found[0]):04X}; a value is text on one line"
        raise origin.error(problem, path, line)
    if event.style is not None:  # quoted
        return text
    try:
        return scalar(text)
    except MisreadError as error:
        raise origin.error(f"{_cut(text)} is not allowed: {error}", path, line) from None


def _line(event: events.Event) -> int | None:
    return event.start_mark.line if event.start_mark else None


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
