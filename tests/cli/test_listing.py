import json

import pytest
from support import python, refused, semvet

from semvet.catalog import TABLES
from semvet.config import read_document
from semvet.config.families import FAMILIES
from semvet.config.presets import preset, preset_names

ALL = [*((family, name) for family, kind in FAMILIES.items() for name in TABLES[kind])]
NO_TORCH = """
import sys
from support import semvet
status, out, err = semvet("list", *sys.argv[1:])
print(status, "torch" in sys.modules, out.split()[:1], err[:40])
"""


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def listed(*words: str) -> str:
    status, out, err = semvet("list", *words)
    assert (status, err) == (0, "")
    return out


@pytest.mark.parametrize("family", [*FAMILIES, "presets"])
def test_a_family_is_listed_with_a_line_each_in_80_columns(family):
    out = listed(family)
    assert max(map(len, out.splitlines())) <= 80
    names = preset_names() if family == "presets" else TABLES[FAMILIES[family]]
    firsts = [line.split()[0] for line in out.splitlines() if not line.startswith((" ", "`"))]
    assert firsts == list(names)


@pytest.mark.parametrize(("family", "name"), ALL)
def test_one_is_printed_whole_in_80_columns(family, name):
    out = listed(family, name)
    assert max(map(len, out.splitlines())) <= 80
    record = json.loads(listed(family, name, "--json"))
    words = " ".join(out.split())
    for argument in record["arguments"]:
        assert f"{argument['name']} " in words
        assert " ".join(argument["meaning"].split()) in words
        assert argument["allowed"] in words
    assert record["paper"] in words


def test_defaults_are_written_as_a_configuration_has_them():
    words = " ".join(listed("attacks", "sembugger").split())
    assert "each a whole number >= 1 and <= 1024; default [16, 32]" in words
    assert "true or false; default false" in words
    assert "text; must be given" in " ".join(listed("systems", "external").split())


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_printed_as_it_can_be_run(name):
    record = json.loads(listed("presets", name, "--json"))
    document = read_document(record["text"], name)
    like = document.pop("like", None)
    assert (preset(like) if like else {}) | document == preset(name)
    assert record["comment"].splitlines()[0] == record["what"]
    assert record["what"].endswith(".")
    assert record["text"].strip() in listed("presets", name)


def test_records_are_what_python_gets():
    rows = json.loads(listed("channels", "--json"))
    assert [row["name"] for row in rows] == list(TABLES["channel"])
    assert rows[1] == json.loads(listed("channels", "rayleigh", "--json"))


def test_what_there_is_not_is_named_with_the_nearest():
    assert "did you mean 'defenses'?" in refused("list", "defences")
    assert "did you mean 'sembugger'?" in refused("list", "attacks", "sembuger")
    assert "did you mean 'frontier'?" in refused("list", "presets", "frontiers")


@pytest.mark.parametrize(
    ("words", "said"),
    [(["presets"], "0 False ['adaptive']"), (["prests"], "2 False [] error: no list of 'prests'")],
)
def test_what_needs_no_plug_in_does_not_wait_for_torch(words, said):
    fixtures = f"{__file__.rsplit('/', 2)[0]}/fixtures"
    script = f"import sys; sys.path.append({fixtures!r}){NO_TORCH}"
    assert python("-c", script, *words).stdout.startswith(said)
