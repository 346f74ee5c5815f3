"""Certificates of a run, read as a record."""

from pathlib import Path

from semvet.records import CertificateRecord
from semvet.reports.reading import read_record
from semvet.store import read_json


def read_certificate(path: Path) -> CertificateRecord:
    """Raises StoreError: no such file, changed or damaged, or of another layout."""
    again = "delete it and certify again"
    return read_record(CertificateRecord, read_json(path), path, again=again)
