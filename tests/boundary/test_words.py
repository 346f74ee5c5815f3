import os

import pytest

from semvet.boundary import shown


@pytest.mark.parametrize("name", ["", "cat", "a b/ö/漢.png", "x" * 300])
def test_a_name_that_a_terminal_can_show_stays_as_it_is(name):
    assert shown(name) == name


@pytest.mark.parametrize(
    "name", ["a\nb", "\x1b[2J", "a\tb", "\u202egnp.x", os.fsdecode(b"\xff.png"), "\x9b31m"]
)
def test_what_would_change_the_terminal_is_escaped(name):
    text = shown(name)
    assert text == repr(name)
    assert text.isprintable()
    assert text.encode()


def test_of_a_long_name_the_middle_is_left_out():
    text = shown("a" * 10_000 + "\n" + "b" * 10_000)
    assert text == "a" * 100 + "..." + "b" * 150
