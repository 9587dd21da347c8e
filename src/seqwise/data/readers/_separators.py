"""Reads the line `sep=;` that Excel takes and writes above a table."""

from __future__ import annotations

import re

__all__ = ["separator_line"]

_LINE = re.compile(r'"?sep=([^"\r\n])"?[ ,;\t]*[\r\n]*', re.IGNORECASE)


def separator_line(line: str) -> str | None:
    r"""The separator of cells that a line names; None for every other line.

    Examples:
        >>> separator_line("sep=;\r\n"), separator_line("SEP=,"), separator_line("text;label")
        (';', ',', None)
    """
    found = _LINE.fullmatch(line.removeprefix("\ufeff"))
    return found[1] if found else None
