import sys
from types import ModuleType

import pytest
from every_plug_in import PLUG_INS

from semvet.catalog import TABLES, arguments
from semvet.catalog.docstrings import meanings, paper, summary


def plug_in(head: str | None, docstring: str | None, monkeypatch) -> type:
    module = ModuleType("made_up", head)
    monkeypatch.setitem(sys.modules, "made_up", module)
    return type("MadeUp", (), {"__module__": "made_up", "__doc__": docstring})


HEAD = """Two words: what it is,
in two lines.

    x -> y

Paper: Somebody, "A title",
    2020.
Deviates: in this. Paper: no.
"""


def test_the_head_says_what_it_is_and_names_the_paper(monkeypatch):
    made = plug_in(HEAD, "Not this.", monkeypatch)
    assert summary(made) == "Two words: what it is, in two lines."
    assert paper(made) == 'Somebody, "A title", 2020.'


@pytest.mark.parametrize(
    ("docstring", "said"),
    [("What it is.\n\nMore.", "What it is."), ("Args:\n    a: it.", ""), (None, "")],
)
def test_a_class_speaks_where_its_module_has_no_head(docstring, said, monkeypatch):
    made = plug_in(None, docstring, monkeypatch)
    assert (summary(made), paper(made)) == (said, "")


@pytest.mark.parametrize("indent", ["", "    "])
def test_arguments_have_their_lines_alone_or_together(indent, monkeypatch):
    block = ["a: one,", "    in two lines: of text.", "b, c_2: both.", "T: a letter."]
    docstring = "\n".join(
        ["Args:", *(indent + line for line in block), "", "Raises:", "    E: no argument."]
    )
    made = plug_in(None, docstring, monkeypatch)
    assert meanings(made) == {
        "a": "one, in two lines: of text.",
        "b": "both.",
        "c_2": "both.",
        "T": "a letter.",
    }


def test_no_block_no_lines(monkeypatch):
    assert meanings(plug_in(None, "What it is.", monkeypatch)) == {}


@pytest.mark.parametrize(("kind", "name"), PLUG_INS)
def test_every_plug_in_says_what_it_is_and_what_each_argument_means(kind, name):
    found = TABLES[kind][name]
    assert summary(found)
    assert meanings(found).keys() == arguments(found).model_fields.keys()
