"""Where figures and pictures lie, and how figures are read and written."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from semvet.errors import StoreError
from semvet.store import write_bytes
from semvet.store.files import explained

ROOT = Path(__file__).parents[2]
RESULTS, DOCS = ROOT / "results", ROOT / "docs"
Content = TypeVar("Content")


def read_results(path: Path, kind: TypeAdapter[Content]) -> Content | None:
    """None where there is no file. Raises StoreError for one that this script did not write."""
    if not path.exists():
        return None
    try:
        return kind.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise StoreError(
            f"{path}: not figures of this script ({where}: {first['msg']}); restore it or name "
            "another file"
        ) from None


def write_results(path: Path, kind: TypeAdapter[Content], content: Content) -> None:
    plain = kind.dump_python(content, mode="json", by_alias=True)
    write(path, (json.dumps(plain, indent=1, allow_nan=False) + "\n").encode())


def write(path: Path, content: bytes) -> None:
    """Whole or not at all, in a folder that is made if need be."""
    with explained(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content)
