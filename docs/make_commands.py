"""Writes commands.md from the commands and their flags; a test compares the two.

python docs/make_commands.py
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from seqwise.cli.app import app

__all__ = ["commands_page"]

_PAGE = Path(__file__).with_name("commands.md")

_HEAD = """# Commands

Every command with all its arguments and flags, as `seqwise COMMAND --help` shows them. Messages for people go to
stderr; results go to stdout or to files. The exit status is 0 on success, 2 after a mistake in the call or in the data
(one message says what to do), 1 after any other failure and 130 after Ctrl-C.

| command | what it does |
|---|---|
{rows}

This page is made by `python docs/make_commands.py`.
"""

_TYPES = {int: "INTEGER", float: "NUMBER", Path: "PATH", str: "TEXT"}


def commands_page() -> str:
    """The page: a section for each command, a table for each group of its flags."""
    group: Any = typer.main.get_command(app)
    rows = [f"| [`seqwise {name}`](#{name}) | {_summary(command.help)} |" for name, command in group.commands.items()]
    lines = [_HEAD.format(rows="\n".join(rows))]
    for name, command in group.commands.items():
        lines += [f"## {name}", "", inspect.cleandoc(command.help), ""]
        lines += _tables(command)
    return "\n".join(lines).rstrip() + "\n"


def _summary(text: str) -> str:
    return text.partition("\n\n")[0].replace("\n", " ")


def _tables(command: Any) -> Iterator[str]:
    types = typing.get_type_hints(command.callback)
    panels: dict[str, list[str]] = {}
    for parameter in command.params:
        if not parameter.hidden:
            title = "Arguments" if parameter.param_type_name == "argument" else parameter.rich_help_panel or "Options"
            panels.setdefault(title, []).append(_row(parameter, types.get(parameter.name, str)))
    for title, rows in panels.items():
        yield from (f"| {title} | |", "|---|---|", *rows, "")


def _row(parameter: Any, annotation: Any) -> str:
    if parameter.param_type_name == "argument":
        shown = f"`{parameter.metavar or parameter.name.upper()}{'...' if parameter.nargs == -1 else ''}`"
    else:
        value = "" if parameter.is_flag else f" {parameter.metavar or _type_name(annotation)}"
        shown = ", ".join(f"`{flag}{value}`" for flag in (*parameter.opts, *parameter.secondary_opts))
    notes = ["Repeatable."] if parameter.multiple else []
    if parameter.default not in (None, False, ()) and not callable(parameter.default):
        notes.append(f"Default: `{parameter.default}`.")
    cells = (shown, " ".join([parameter.help, *notes]))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type_name(annotation: Any) -> str:
    """The word for a value: that of the first type in an annotation such as `list[str] | None`."""
    inner = [part for part in typing.get_args(annotation) if part is not type(None)]
    return _type_name(inner[0]) if inner else _TYPES.get(annotation, "TEXT")


if __name__ == "__main__":
    _PAGE.write_text(commands_page(), encoding="utf-8")
