"""JSON Schema of every kind of record: `python -m semvet.records.schema FOLDER` writes them."""

import json
import sys
from pathlib import Path

from semvet.records.base import Record
from semvet.records.certificate import CertificateRecord
from semvet.records.run import RunRecord
from semvet.records.standings import DefenseMatrix, Standing

RECORDS: dict[str, type[Record]] = {
    "run": RunRecord,
    "certificate": CertificateRecord,
    "standing": Standing,
    "defense-matrix": DefenseMatrix,
}


def schemas() -> dict[str, str]:
    """Text of each file by its name."""
    return {
        f"{name}.json": json.dumps(model.model_json_schema(mode="serialization"), indent=2) + "\n"
        for name, model in RECORDS.items()
    }


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
