import json

import pytest
from strangers_package import Package
from support import digits, tiny_run

from semvet.catalog import resolve
from semvet.errors import ConfigError

RESOLVED = """
import json, sys
from semvet.catalog import resolve
from semvet.errors import ConfigError
try:
    print(json.dumps(resolve(json.loads(sys.argv[1])).document()))
except ConfigError as error:
    print(json.dumps({"refused": str(error)}))
"""
RUN = """
import json, sys
from pathlib import Path
from semvet.pipeline.execute import execute
from semvet.store import Store
folder = execute(json.loads(sys.argv[1]), Store(Path(sys.argv[2])))
print(json.dumps({"id": folder.path.name, "triggers": folder.metrics["attack"]["triggers"]}))
"""


@pytest.fixture
def package(tmp_path):
    return Package(tmp_path / "site")


def resolved(package, **document) -> dict:
    return package.says(RESOLVED, json.dumps(document or {"attack": "stripe"}))


def test_an_edited_plug_in_is_another_run_with_other_figures(package, tmp_path):
    document = tiny_run(digits(tmp_path / "digits"), attack="stripe")
    document["training"]["epochs"] = 4

    def run() -> dict:
        return package.says(RUN, json.dumps(document), str(tmp_path / "runs"))

    first = run()
    assert run() == first  # out of the store
    package.attack.write_text(package.attack.read_text().replace("marked(x, 1.0)", "0 * x"))
    edited = run()
    assert edited["id"] != first["id"]
    assert edited["triggers"] != first["triggers"]


def test_code_counts_with_what_it_imports_of_its_package_and_with_its_version(package):
    def pin() -> str:
        return resolved(package)["attack"]["code_sha256"]

    pins = [pin()]
    package.pattern.write_text(package.pattern.read_text().replace("2", "3"))
    pins.append(pin())
    package.release("1.1")
    pins.append(pin())
    (package.site / "strangers" / "unused.py").write_text("nobody = 'imports this'")
    assert len(set(pins)) == 3
    assert pin() == pins[-1]


def test_a_record_of_other_code_is_refused_with_the_way_out(package):
    record = resolved(package)
    assert resolved(package, **record) == record
    package.attack.write_text(package.attack.read_text() + "# edited\n")
    refused = resolved(package, **record)["refused"]
    assert refused.startswith("attack.code_sha256: this record was made with another ")
    assert "attack.py (SHA-256 " in refused
    assert "remove attack.code_sha256 to make another run" in refused


def test_a_nested_plug_in_is_pinned_too(package):
    aware = {"name": "aware", "base": "stripe", "against": "jpeg"}
    record = resolved(package, attack=aware)
    assert "code_sha256" not in record["attack"]
    assert len(record["attack"]["base"]["code_sha256"]) == 64
    package.pattern.write_text(package.pattern.read_text() + "# edited\n")
    refused = resolved(package, **record)["refused"]
    assert refused.startswith("attack.base.code_sha256: this record was made with another ")


def test_an_edit_that_this_process_has_not_imported_is_refused(package):
    script = f"""
import json
from pathlib import Path
from semvet.catalog import resolve
from semvet.errors import ConfigError
file = Path({str(package.attack)!r})
file.write_text(file.read_text() + "def half(")
try:
    resolve({{"attack": "stripe"}})
except ConfigError as error:
    print(json.dumps({{"refused": str(error)}}))
"""
    refused = package.says(script)["refused"]
    assert refused.endswith("after this process had imported it; restart Python")
    assert str(package.attack) in refused


def test_our_own_plug_ins_have_no_pins():
    document = resolve({"attack": "bass"}).document()
    assert "code_sha256" not in json.dumps(document)
    with pytest.raises(ConfigError, match=r"attack\.code_sha256: unknown key"):
        resolve({"attack": {"name": "bass", "code_sha256": "0" * 64}})


def test_an_unknown_pin_is_an_unknown_key(package):
    refused = resolved(package, attack={"name": "stripe", "cod_sha256": "0"})["refused"]
    assert refused.startswith("attack.cod_sha256: unknown key; did you mean 'code_sha256'?")
