"""Pages: reachable from the index, and no link of them leads nowhere."""

import re
from pathlib import Path

import pytest

from semvet.attacks import ATTACKS

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
named = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def prose(page: Path) -> str:
    """Without code, in which brackets mean something else."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def links(page: Path) -> list[str]:
    """Targets that are files here; addresses elsewhere are left out."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def target(page: Path, link: str) -> Path:
    path, _, _ = link.partition("#")
    return (page.parent / path).resolve() if path else page


def headings(page: Path) -> set[str]:
    """As GitHub makes anchors of them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@named
def test_no_link_leads_nowhere(page):
    for link in links(page):
        there, anchor = target(page, link), link.partition("#")[2]
        assert there.exists(), link
        if anchor:
            assert anchor in headings(there), link


def test_every_page_is_reached_from_the_index():
    reached, ahead = set(), [INDEX]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        ahead += [target(page, link) for link in links(page)]
    assert not set(PAGES) - reached


def test_every_picture_is_shown_somewhere():
    shown = {target(page, link) for page in PAGES for link in links(page)}
    pictures = {path for e in ("png", "svg") for path in (ROOT / "docs").rglob(f"*.{e}")}
    assert not pictures - shown


def test_the_table_of_attacks_has_every_attack():
    page = (ROOT / "docs" / "attacks" / "README.md").read_text()
    missing = [name for name in ATTACKS if name != "none" and f"| `{name}` |" not in page]
    assert not missing


@named
def test_the_tests_that_a_page_names_are_there(page):
    if page.name == "CHANGELOG.md":
        return  # which speaks of the past
    named_here = re.findall(r"\btests/[\w/]+\.py\b", page.read_text())
    missing = [name for name in named_here if not (ROOT / name).exists()]
    assert set(missing) <= {"tests/a/test_b.py"}  # the example of CONTRIBUTING.md
