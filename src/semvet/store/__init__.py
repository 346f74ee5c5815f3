"""Result files. The only package that touches them; it knows numpy arrays, not torch."""

from semvet.store.files import (
    append_line,
    read_json,
    read_model,
    write_bytes,
    write_json,
    write_model,
)
from semvet.store.once import once
from semvet.store.runs import RunFolder
from semvet.store.store import Listing, Skipped, Store, default_store
from semvet.store.trained import read_weights_of
from semvet.store.weights import (
    Arrays,
    read_checkpoint,
    read_description,
    read_weights,
    write_checkpoint,
    write_weights,
)

__all__ = [
    "Arrays",
    "Listing",
    "RunFolder",
    "Skipped",
    "Store",
    "append_line",
    "default_store",
    "once",
    "read_checkpoint",
    "read_description",
    "read_json",
    "read_model",
    "read_weights",
    "read_weights_of",
    "write_bytes",
    "write_checkpoint",
    "write_json",
    "write_model",
    "write_weights",
]
