"""Decisions: one file each, all of them in the index, none that is referred to and not there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "decisions"
DECISIONS = {path.stem[:5].upper(): path for path in sorted(FOLDER.glob("d-*.md"))}
ENDINGS = (".md", ".py", ".yaml", ".html", ".toml")
FOLDERS = (".ci", "benchmarks", "docs", "experiments", "src", "tests")
TEXTS = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))]
TEXTS = [path for path in [*ROOT.glob("*.*"), *TEXTS] if path.suffix in ENDINGS]
SECTIONS = ["Context", "Choice", "Evidence", "Superseded by"]
each = pytest.mark.parametrize("number", DECISIONS)


def test_every_decision_that_code_or_docs_refer_to_is_written_down():
    referred = {
        number: path.relative_to(ROOT)
        for path in TEXTS
        for number in re.findall(r"\bD-\d{3}\b", path.read_text())
    }
    assert len(referred) >= 37
    missing = {number: path for number, path in referred.items() if number not in DECISIONS}
    assert not missing


@each
def test_a_decision_says_what_was_open_what_was_taken_and_why(number):
    text = DECISIONS[number].read_text()
    assert text.startswith(f"# {number} ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    for part in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]:
        assert part.strip()


@each
def test_the_index_has_its_file_title_and_status(number):
    path = DECISIONS[number]
    title = path.read_text().splitlines()[0].removeprefix(f"# {number} ")
    (row,) = re.findall(rf"^\| \[{number}\].*$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    link, about, one_line, status = (cell.strip() for cell in row.strip("|").split("|"))
    assert (link, about) == (f"[{number}]({path.name})", title)
    assert one_line
    in_force = "## Superseded by\n\nNothing." in path.read_text()
    assert (status == "in force") == in_force
