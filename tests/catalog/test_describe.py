import importlib.util
from pathlib import Path

import pytest
from every_plug_in import PLUG_INS
from strangers_package import Package

import semvet as sv
from semvet.catalog import TABLES, arguments
from semvet.config import make_run
from semvet.config.families import FAMILIES
from semvet.config.presets import preset_names
from semvet.errors import ConfigError

DOCS = Path(__file__).parents[2] / "docs"
DESCRIBED = """
import json
import semvet as sv
print(json.dumps(sv.describe("attacks", "stripe").model_dump(mode="json")))
"""


def argument(one, name):
    return {argument.name: argument for argument in one.arguments}[name]


def test_every_family_is_a_key_of_a_run_and_lists_its_whole_table():
    assert set(FAMILIES.values()) == TABLES.keys() <= make_run({}).document().keys()
    for family, kind in FAMILIES.items():
        assert [one.name for one in sv.describe(family)] == list(TABLES[kind])
    assert [one.name for one in sv.describe("presets")] == preset_names()


@pytest.mark.parametrize(("kind", "name"), PLUG_INS)
def test_every_argument_says_what_is_allowed(kind, name):
    family = {kind: family for family, kind in FAMILIES.items()}[kind]
    one = sv.describe(family, name)
    assert [a.name for a in one.arguments] == list(arguments(TABLES[kind][name]).model_fields)
    for each in one.arguments:
        assert each.allowed
        assert not each.allowed.endswith(" ")


def test_the_words_are_those_of_the_errors():
    levels = argument(sv.describe("attacks", "sembugger"), "levels")
    assert (levels.default, levels.required) == (4, False)
    with pytest.raises(ConfigError) as caught:
        sv.run({"attack": {"name": "sembugger", "levels": 0}})
    assert str(caught.value).endswith(f"allowed: {levels.allowed}")


def test_an_attack_says_its_goal_and_what_it_controls_and_a_defense_where_it_stands():
    assert sv.describe("attacks", "bass").controls == ("transmitter data", "receiver data")
    assert sv.describe("attacks", "csba").goal == "removal"
    assert sv.describe("attacks", "none").controls == ()
    assert sv.describe("defenses", "anp").stands_at == ("auditor",)
    assert sv.describe("defenses", "combined").stands_at == ()
    assert sv.describe("defenses", "jpeg").paper.startswith("Dziugaite, Ghahramani, Roy, ")


def test_an_argument_that_is_a_plug_in_names_its_family_and_what_is_able():
    aware = sv.describe("attacks", "aware")
    assert argument(aware, "base").family == "attacks"
    against = argument(aware, "against")
    assert (against.family, against.required) == ("defenses", True)
    assert "jpeg, low-pass" in against.allowed
    assert "self-loop" not in against.allowed
    parts = argument(sv.describe("defenses", "combined"), "parts")
    assert parts.allowed == "a list, each a name, or {name: NAME, ARGUMENT: VALUE, ...}"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["attack"], r"no list of 'attack'; did you mean 'attacks'\? allowed: attacks, channels, "),
        (["attacks", "bas"], r"attacks: no attack named 'bas'; did you mean 'bass'\? allowed: "),
        (["presets", "quikstart"], r"'quikstart'; did you mean 'quickstart'\? allowed: adaptive"),
        (["", "bass"], r"no list of ''; allowed: attacks"),
    ],
)
def test_what_there_is_not_is_refused_with_the_nearest(asked, message):
    with pytest.raises(ConfigError, match=message):
        sv.describe(*asked)


def test_a_strangers_plug_in_is_described_by_its_own_docstring(tmp_path):
    found = Package(tmp_path / "site").says(DESCRIBED)
    assert found["what"] == "A stripe across the image gets the target."
    assert found["code"] == "strangers.attack:Stripe"
    assert found["arguments"] == [
        {
            "name": "poison_ratio", "meaning": "share of the training pairs that are poisoned.",
            "allowed": "a number > 0 and <= 1", "required": False, "default": 0.2, "family": None,
        }
    ]  # fmt: skip


def test_the_tables_of_the_documentation_are_up_to_date():
    spec = importlib.util.spec_from_file_location("plug_in_tables", DOCS / "plug_in_tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    page = tables.PAGE.read_text()
    assert page == tables.written(page), "run `make docs`"
    for family, pages in tables.PAGES.items():
        for linked, names in pages.items():
            assert (DOCS / linked).is_file()
            assert set(names) <= TABLES[FAMILIES[family]].keys()
