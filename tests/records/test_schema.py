"""docs/schema is what the records are."""

import json
from pathlib import Path

from made_runs import made_record

from semvet.records.schema import RECORDS, main, schemas

DOCS = Path(__file__).parents[2] / "docs" / "schema"


def test_the_files_are_what_the_records_say():
    written = {path.name: path.read_text() for path in DOCS.iterdir()}
    assert written == schemas(), "`make schema` writes them anew"


def test_every_record_is_closed_and_versioned():
    for name, text in schemas().items():
        schema = json.loads(text)
        assert schema["additionalProperties"] is False, name
    for name in ("run", "certificate"):
        assert json.loads(schemas()[f"{name}.json"])["properties"]["layout"]["const"] == 3
    assert set(RECORDS) == {name.removesuffix(".json") for name in schemas()}


def test_writing_them_is_one_command(tmp_path):
    main(tmp_path / "schema")
    assert {path.name for path in (tmp_path / "schema").iterdir()} == set(schemas())


def test_a_record_has_the_properties_of_its_schema():
    schema = json.loads(schemas()["run.json"])
    assert set(schema["properties"]) == set(made_record().model_dump())
