"""What there is: plug-ins with their arguments, and presets."""

from pydantic import JsonValue

from semvet.records.base import Record


class ArgumentRecord(Record):
    """`family`: of an argument that is a plug-in itself."""

    name: str
    meaning: str
    allowed: str
    required: bool
    default: JsonValue = None
    family: str | None = None


class PlugInRecord(Record):
    """`controls` and `goal` of attacks; `stands_at` of defenses, empty where arguments decide."""

    family: str
    name: str
    what: str
    paper: str
    code: str
    controls: tuple[str, ...] = ()
    goal: str | None = None
    stands_at: tuple[str, ...] = ()
    arguments: tuple[ArgumentRecord, ...]


class PresetRecord(Record):
    """`what` is the first line of its file's comment; `text` is the rest of the file."""

    family: str = "presets"
    name: str
    what: str
    comment: str
    text: str
