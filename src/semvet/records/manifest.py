"""What belongs to a finished run, and that it is whole: manifest.json, written last."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from semvet.records.base import Record

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,99}\.[a-z]{1,20}$")]


class Manifest(Record):
    """`id` is the identity of (config, fingerprint, numerics), and ends the folder's name."""

    layout: Literal[3] = 3
    kind: Literal["manifest"] = "manifest"
    id: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    name: Annotated[str, Field(max_length=200)]
    config: dict[str, JsonValue]  # as in config.yaml
    fingerprint: Annotated[str, Field(max_length=200)]  # of all images
    numerics: int
    finished: AwareDatetime
    files: dict[FileName, Digest]  # SHA-256 of all that figures depend on
