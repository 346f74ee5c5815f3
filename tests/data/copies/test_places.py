from pathlib import Path

import pytest

from semvet.data.copies.places import as_path, searched
from semvet.errors import DataError


def test_a_tilde_is_the_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert as_path("~/images", "data.root") == Path("/home/somebody/images")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("~nosuch/x", "~nosuch/x: there is no such user here; write the whole path"),
        ("/" + "x" * 300, r"/x{79}\.\.\.: cannot be used \(File name too long\); name another"),
        ("x/" * 3000, r"cannot be used \(File name too long\)"),
        ("a\0b", r"'a\\x00b' holds a NUL, which no path does; remove it"),
    ],
)
def test_what_no_path_can_be_is_refused_with_its_key(text, problem):
    with pytest.raises(DataError, match=rf"^targets\.folder: .*{problem}"):
        as_path(text, "targets.folder")


def test_the_variable_is_named_where_it_is_the_mistake(monkeypatch):
    monkeypatch.setenv("SEMVET_DATA", "~nosuch")
    with pytest.raises(DataError, match=r"^SEMVET_DATA: ~nosuch: there is no such user"):
        searched("mnist", None)
