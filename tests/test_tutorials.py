"""Each tutorial goes as it says, from top to bottom."""

from __future__ import annotations

import re

import pytest

from command_line import run
from pages import ROOT, TUTORIALS, blocks, commands, execute


def page_name(page):
    return page.stem


@pytest.mark.parametrize("page", TUTORIALS, ids=page_name)
def test_a_tutorial_goes_as_it_says(page, tmp_path, monkeypatch, capsys):
    """From top to bottom in one folder: files are written, commands and code run, and what is shown is printed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    names, printed = {"__name__": "__main__"}, ""
    for block in blocks(page):
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            execute(block, page, names)
        elif block.language == "sh":
            results = [run(monkeypatch, capsys, *words[1:]) for words in commands(block.text)]
            assert results
            assert [result.err for result in results if result.status] == []
            printed = "".join(result.out + result.err for result in results)
        else:
            assert block.language == "text"
            assert [line for line in shape_of(block.text) if line not in shape_of(printed)] == [], printed


def shape_of(text):
    """The lines without what differs between machines: measured numbers, which have a point, and spaces of columns."""
    return [" ".join(re.sub(r"[<>-]?\d+\.\d+", "#", line).split()) for line in text.splitlines()]
