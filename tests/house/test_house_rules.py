"""Rules of this code base that no off-the-shelf linter knows."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "benchmarks", "experiments")
SOURCES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
DRAWS = {"rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial", "poisson"}
PLUG_INS = ("attacks", "channels", "defenses", "systems")
named = pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))


@named
def test_every_draw_names_its_generator(path):
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=name)):
                given = any(k.arg == "generator" for k in node.keywords)
                assert given or name not in DRAWS, f"line {node.lineno}"


@named
def test_files_fit_in_one_sitting_and_functions_on_a_screen(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno <= 60, node.name


@named
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@named
def test_nothing_is_unpickled(path):
    text = path.read_text()
    assert not re.search(r"\btorch\.load\(|\bpickle\.loads?\(|allow_pickle=True", text)


@pytest.mark.parametrize("package", PLUG_INS)
def test_every_built_in_plug_in_is_documented(package):
    table = __import__(f"semvet.{package}", fromlist=[package])
    page = (ROOT / "docs" / "plug-ins.md").read_text()
    for name in getattr(table, package.upper()):
        assert f"`{name}`" in page, f"docs/plug-ins.md says nothing of {name}"


def test_no_torchvision_anywhere():
    for path in [*SOURCES, *(ROOT / "tests").rglob("*.py")]:
        imports = [
            name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [node.module or ""] if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
            )
        ]  # fmt: skip
        assert not any(name.startswith("torchvision") for name in imports), path.name
