"""The house itself: the map in the README, the public names, the changelog."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

import seqwise

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "seqwise").rglob("*.py"))


def named(path):
    return not any(part.startswith("_") for part in path.relative_to(ROOT / "src").parts)


@pytest.mark.parametrize("path", [p for p in SOURCES if named(p) and "readers" not in p.parts], ids=str)
def test_the_map_in_the_readme_has_every_file(path):
    assert f" {path.name} " in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_every_file_says_its_job_and_stays_short(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_examples_stand_where_the_site_shows_them_as_code(path):
    """Google style has the section `Examples:`; a reader of docstrings takes any other word for a remark."""
    griffe = pytest.importorskip("griffe")
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef
    for node in ast.walk(ast.parse(path.read_text())):
        docstring = ast.get_docstring(node) if isinstance(node, kinds) else None
        for section in griffe.Docstring(docstring or "").parse("google", warnings=False):
            is_code = section.kind is griffe.DocstringSectionKind.examples
            assert is_code or ">>>" not in str(getattr(section.value, "contents", section.value))


@pytest.mark.parametrize("path", [p for p in SOURCES if named(p)], ids=str)
def test_public_files_list_their_public_names_sorted(path):
    tree = ast.parse(path.read_text())
    (names,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    ]
    defined = {
        getattr(node, "name", None)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    assert defined <= set(names)
    assert sorted(names, key=lambda name: (not name.isupper(), name.islower(), name)) == names


def test_the_version_stands_in_one_form():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == seqwise.__version__


def test_no_file_of_the_repository_names_a_place_of_this_machine():
    here = str(ROOT.parent)
    texts = [p for folder in ("src", "tests", "docs", "benchmarks", "examples") for p in (ROOT / folder).rglob("*")]
    suspects = [
        path
        for path in texts
        if path.suffix in (".py", ".md", ".sh", ".toml")
        and ".work" not in path.parts
        and len(here) > 3
        and f"{here}/" in path.read_text()
    ]
    assert suspects == []
