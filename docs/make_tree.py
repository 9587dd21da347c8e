"""Writes architecture.md from the modules of the package and the order of imports; a test compares the two.

python docs/make_tree.py
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["modules", "tree_page"]

_ROOT = Path(__file__).parents[1]
_PACKAGE = _ROOT / "src" / "seqwise"
_PAGE = _ROOT / "docs" / "architecture.md"

_HEAD = """# Architecture

Every file of the package, folder by folder, with the first sentence of its docstring.

    file -> sequences -> batches -> encoder -> pooling -> head -> logits -> loss
                                                              \\-> metrics -> report

Imports point one way: a layer may import the layers below it, and rooms with `|` between them do not know each other.
`make check` enforces it:

{layers}

The C sources beside the modules are optional: they are compiled at installation if there is a C compiler, and every
loop in C has a Python path beside it.

This page is made by `python docs/make_tree.py`.
"""


def _layers() -> list[str]:
    """The layers of the contract on imports, the highest first, as import-linter writes them."""
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    (contract,) = (contract for contract in contracts if contract["type"] == "layers")
    return [layer.replace("seqwise.", "") for layer in contract["layers"]]


def modules() -> dict[str, str]:
    """By path below the package, what each module and each C source is for, in one sentence."""
    found = {path.relative_to(_PACKAGE).as_posix(): _sentence(_docstring(path)) for path in _PACKAGE.rglob("*.py")}
    for path in (*_PACKAGE.rglob("*.c"), *_PACKAGE.rglob("*.h")):
        found[path.relative_to(_PACKAGE).as_posix()] = _sentence(_comment(path))
    return dict(sorted(found.items()))


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _comment(path: Path) -> str:
    found = re.match(r"\s*/\*(.*?)\*/", path.read_text(encoding="utf-8"), re.DOTALL)
    return found[1].strip() if found else ""


def _sentence(text: str) -> str:
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=[.!?])\s", paragraph)[0].replace("|", "\\|")


def tree_page() -> str:
    """The page: a table for each folder."""
    order = "\n".join(f"    {layer}" for layer in _layers())
    return _HEAD.format(layers=order) + "".join(_tables(modules()))


def _tables(sentences: dict[str, str]) -> Iterator[str]:
    folders: dict[str, list[str]] = {}
    for path in sentences:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    for folder in sorted(folders):
        yield f"\n## `{'/'.join(filter(None, ('seqwise', folder)))}/`\n\n"
        start = f"{folder}/__init__.py".lstrip("/")
        if start in sentences:
            yield f"{sentences[start]}\n\n"
        yield "| file | what it is for |\n|---|---|\n"
        for path in folders[folder]:
            if path != start:
                yield f"| `{path.rpartition('/')[2]}` | {sentences[path]} |\n"


if __name__ == "__main__":
    _PAGE.write_text(tree_page(), encoding="utf-8")
