"""Certificates of a run, read as a record."""

from pathlib import Path

from semvet.errors import Missing, StoreError
from semvet.records import CertificateRecord
from semvet.store import read_model


def read_certificate(path: Path) -> CertificateRecord:
    """Raises StoreError: no such file, changed or damaged, or of another layout."""
    try:
        return read_model(path, CertificateRecord)
    except Missing as error:
        raise StoreError(
            f"{path}: changed, damaged or of an earlier semvet ({str(error).partition('; ')[0]}); "
            "delete it and certify again"
        ) from None
