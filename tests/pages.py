"""Cuts pages of the documentation into the blocks, commands and table cells that tests compare with the code."""

from __future__ import annotations

import doctest
import re
import shlex
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))

_FENCED = re.compile(r"""^```(\w*)(?: title="([^"]*)")?\n((?:.*\n)*?)^```$""", re.MULTILINE)
_FENCE = re.compile(r"^```.*$", re.MULTILINE)
_COMMAND = re.compile(r"(?:^|\n)[ \t]*(?:\$ )?(seqwise (?:.*\\\n)*.*)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it shows (title="a.csv"), its text from that line of the page on."""

    language: str
    title: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = [Block(*one.groups(default=""), text[: one.start(3)].count("\n")) for one in _FENCED.finditer(text)]
    assert 2 * len(found) == len(_FENCE.findall(text)), f"{page}: a fence that the site does not show as code"
    return found


def commands(text: str) -> list[list[str]]:
    """The words of each line that begins with `seqwise`, up to a pipe or a redirection."""
    found = []
    for command in _COMMAND.findall(text):
        words = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars=True)
        words.whitespace_split = True
        found.append(list(takewhile(lambda word: word[0] not in "|<>;&", words)))
    return found


def indented(text: str) -> str:
    """The lines that Markdown shows as code because they are indented."""
    return "".join(line + "\n" for line in text.splitlines() if line.startswith("    "))


def first_cells(page: Path, heading: str | None = None) -> list[str]:
    """The code in the first column of the tables below a heading, or above the first one."""
    text = page.read_text(encoding="utf-8")
    start = 0 if heading is None else text.index(f"\n## {heading}\n") + 1
    return re.findall(r"^\| `([^`]+)`", text[start:].partition("\n## ")[0], re.MULTILINE)


def execute(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Runs a block of Python; where it has prompts, what it prints has to be what the page shows."""
    if ">>>" not in block.text:
        exec(compile("\n" * block.line + block.text, str(page), "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(block.text, names, page.name, str(page), block.line)
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=said.append, clear_globs=False)
    assert not said, "".join(said)
    names.update(test.globs)
