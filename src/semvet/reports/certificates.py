"""Certificates of a run, read as a record."""

from pathlib import Path

from pydantic import ValidationError

from semvet.errors import StoreError
from semvet.records import CertificateRecord
from semvet.store import read_json


def read_certificate(path: Path) -> CertificateRecord:
    """Raises StoreError: no such file, changed or damaged, or of another layout."""
    try:
        return CertificateRecord.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise StoreError(
            f"{path}: changed, damaged or of an earlier semvet ({where}: {first['msg'].lower()}); "
            "delete it and certify again"
        ) from None
