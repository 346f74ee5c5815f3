"""A document as YAML that `reading` reads back as the same document."""

from typing import Any

import yaml

from semvet.config.reading import read_document
from semvet.config.scalars import MisreadError, scalar


class Writer(yaml.SafeDumper):
    """Writes values out each time, and quotes whatever `scalars` would not read as this text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: Writer, text: str) -> yaml.ScalarNode:
    try:
        plain = scalar(text) == text
    except MisreadError:
        plain = False
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else "'")


Writer.add_representer(str, _text)


def written(document: dict[str, Any]) -> str:
    """In the order of its keys. Raises ConfigError for what `reading` would find too long."""
    text = yaml.dump(document, Dumper=Writer, sort_keys=False)
    read_document(text, "the run with every default written out")
    return text
