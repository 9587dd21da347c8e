"""The house itself: the page of its files, the public names, the version."""

from __future__ import annotations

import ast
import re
import runpy
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import seqwise

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "seqwise").rglob("*.py"))


def named(path):
    return not any(part.startswith("_") for part in path.relative_to(ROOT / "src").parts)


@pytest.fixture(scope="module")
def tree():
    return runpy.run_path(str(ROOT / "docs" / "make_tree.py"))


def test_the_page_of_the_architecture_is_that_of_the_tree(tree):
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert page == tree["tree_page"](), "run: python docs/make_tree.py"


def test_the_page_of_the_architecture_has_every_file_below_its_folder():
    """Read from the page alone: a heading per folder, a row per file."""
    listed, folder = [], ""
    for line in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"## `(.*)/`", line):
            folder = found[1]
        elif found := re.match(r"\| `([^`]+)` \| \S", line):
            listed.append(f"src/{folder}/{found[1]}")
    files = [p for p in (ROOT / "src").rglob("*") if p.suffix in (".py", ".c", ".h") and p.name != "__init__.py"]
    assert sorted(listed) == sorted(path.relative_to(ROOT).as_posix() for path in files)


def test_every_file_has_its_sentence(tree):
    assert [path for path, sentence in tree["modules"]().items() if not sentence.endswith(".")] == []


def test_files_of_one_folder_say_different_things(tree):
    """A row that could stand at another file of its folder explains neither."""
    rows = [(path.rpartition("/")[0], sentence) for path, sentence in tree["modules"]().items()]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_every_file_says_its_job_and_stays_short(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


def module_name(path):
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in SOURCES}


def imported(text, modules):
    """The modules that a file imports anywhere: at its top, for types alone, inside functions."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {whole if whole in modules else node.module for whole in names.values()}
    return found & set(modules)


def circles(graph):
    """The modules that reach themselves, each with those that it imports of them."""
    left = {name: set(others) - {name} for name, others in graph.items()}
    while True:  # a module that imports none of the rest, or is imported by none of it, is in no circle
        used = {other for others in left.values() for other in others}
        ends = {name for name, others in left.items() if not others or name not in used}
        if not ends:
            return left
        left = {name: others - ends for name, others in left.items() if name not in ends}


def test_no_imports_run_in_a_circle():
    """Those for types and those inside functions are imports too: a circle of them is one job in two files."""
    assert circles({name: imported(path.read_text(), MODULES) for name, path in MODULES.items()}) == {}


def test_circles_of_imports_are_found():
    texts = {
        "a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from b import B",
        "b": "def f():\n    import c",
        "c": "from a import A",
        "d": "import a",
        "e": "from f import g",
        "f": "",
    }
    graph = {name: imported(text, texts) for name, text in texts.items()}
    assert circles(graph) == {"a": {"b"}, "b": {"c"}, "c": {"a"}}


def functions():
    """Every function of the sources by its place and name."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT / 'src' / 'seqwise').as_posix()}:{node.name}", node


def body_lines(node, *, has_signature=True):
    """The lines of a function without its docstring, and without its signature where that is a table of flags."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return 0
    signature = node.body[0].lineno - node.lineno if has_signature else 0
    return signature + body[-1].end_lineno - body[0].lineno + 1


def is_command(place):
    """Typer reads the flags of a command from the parameters of its function."""
    return place.startswith("cli/") and place.partition(":")[2].strip("_") == Path(place.partition(":")[0]).stem


def parameters(node):
    of = node.args
    return [*of.posonlyargs, *of.args, *of.kwonlyargs]


def overwritten(node):
    """The attributes that a function writes into a frozen object, but for those that it brings into their form."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "object.__setattr__":
            name = ast.literal_eval(call.args[1])
            if node.name != "__post_init__" or name.startswith("_"):
                yield name


def test_frozen_objects_are_changed_by_nobody():
    assert {place: found for place, node in functions() if (found := list(overwritten(node)))} == {}


def test_batches_are_made_of_rows_alone():
    """Where labels are all that is looked up, they stand in `RowLabels`; no batch is made up around them."""
    makers = [
        module
        for module, path in MODULES.items()
        if "seqwise.data.batching" in imported(path.read_text(), MODULES) and re.search(r"\bBatch\(", path.read_text())
    ]
    assert makers == []


LONG_STILL = {
    "losses/torch/_linear_cross_entropy.py:linear_loss",
    "task/defaults/unused_settings.py:check_fit",
}
"""Functions of more than 60 lines that are still to be divided."""

MANY_STILL = {"advice/advice.py:advise", "nn/sequence_model.py:build_model"}
"""Functions of more than 12 parameters that are neither losses nor commands: callers name each of them."""


def test_functions_are_short():
    long = {place for place, node in functions() if body_lines(node, has_signature=not is_command(place)) > 60}
    assert long <= LONG_STILL


def test_lists_of_parameters_are_short():
    """But for losses, whose options are named one by one in every framework, and commands, whose flags are these."""
    many = {place for place, node in functions() if not is_command(place) and len(parameters(node)) > 12}
    assert {place for place in many if not place.startswith("losses/")} <= MANY_STILL


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


def changes():
    """The rows of `Where a change goes`: what is added, and the files that its row names."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Where a change goes\n")[2]
    rows = [line.strip("| ").split(" | ") for line in section.partition("\n## ")[0].splitlines() if line[:1] == "|"][2:]
    return {cells[0]: re.findall(r"`([^`]*(?:/|\.\w{1,3}))`", " ".join(cells[1:])) for cells in rows}


@pytest.mark.parametrize(("change", "paths"), changes().items(), ids=str)
def test_where_a_change_goes_is_there(change, paths):
    """Each path is written whole; of `_NAME.py`, which is yet to be written, the folder is there."""
    assert paths
    written = [path.rpartition("/")[0] if "NAME" in path else path for path in paths]
    assert [path for path in written if not path or not (ROOT / path).exists()] == []


def pinned(name):
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}


def required(name, extras=()):
    """The packages that a package needs here, with what these need."""
    found = set()
    for text in requires(name) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            found |= {canonicalize_name(requirement.name)} | required(requirement.name, requirement.extras)
    return found


def test_every_command_works_in_the_environment_of_the_demo():
    """`seqwise tune` needs an extra, and the CRF beside every tagger another."""
    needed = required("seqwise", ("tune", "crfsuite"))
    assert "optuna" in needed
    assert needed - pinned("run.txt") == {"setuptools"}  # which pip brings up to date by itself


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
