"""Checks which cells a text format can hold without loss, and quotes cells of CSV.

A cell that would be read back differently is never changed: the row is rejected with its file, line and column.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["comment_obstacle", "csv_row", "token_obstacle", "unquoted_obstacle"]

_MARK = "\ufeff"
_NAMES = {"\t": "a tab", "\n": "a line break", "\r": "a line break (CR)"}


def csv_row(cells: Iterable[str], delimiter: str) -> str:
    r"""A CSV row by RFC 4180 with its line end; cells with a delimiter, a quote or a line break are quoted.

    So are cells with a lone CR, which Python's csv module does not quote, with leading or trailing spaces, and with a
    leading byte-order mark.

    Examples:
        >>> csv_row(["a", "b;c", "d"], ";")
        'a;"b;c";d\n'
    """
    special = {delimiter, '"', "\r", "\n"}
    quoted = [
        '"' + cell.replace('"', '""') + '"'
        if not special.isdisjoint(cell) or cell.startswith((_MARK, " ")) or cell.endswith(" ")
        else cell
        for cell in cells
    ]
    return (delimiter.join(quoted) if quoted != [""] else '""') + "\n"


def unquoted_obstacle(cell: str, delimiter: str) -> str | None:
    r"""The reason why a cell cannot be written without quotes; None if it can.

    Examples:
        >>> unquoted_obstacle("a,b", ","), unquoted_obstacle("a\nb", ","), unquoted_obstacle("a b", ",")
        ("the cell holds ',', which separates cells here", 'the cell holds a line break, which ends a row here', None)
    """
    if delimiter in cell:
        return f"the cell holds {_NAMES.get(delimiter, repr(delimiter))}, which separates cells here"
    for sign in "\n\r":
        if sign in cell:
            return f"the cell holds {_NAMES[sign]}, which ends a row here"
    return "the cell begins with a byte-order mark" if cell.startswith(_MARK) else None


def token_obstacle(cell: str, delimiter: str) -> str | None:
    """The reason why a cell cannot be written in a token file, which loses empty cells and outer spaces.

    Examples:
        >>> token_obstacle("", " "), token_obstacle("a b", " "), token_obstacle("_", " ")
        ('the cell is empty', "the cell holds ' ', which separates cells here", None)
    """
    if not cell:
        return "the cell is empty"
    if delimiter == " " and "\t" in cell:
        return "the cell holds a tab, which separates cells here"
    if obstacle := unquoted_obstacle(cell, delimiter):
        return obstacle
    return "leading and trailing spaces of a cell are lost here" if cell != cell.strip(" \t") else None


def comment_obstacle(name: str, value: str) -> str | None:
    """The reason why a value cannot be written in a comment `# name = value`; None if it can.

    Examples:
        >>> comment_obstacle("a=b", "c"), comment_obstacle("lang", "en")
        ('its name holds =, which ends a name here', None)
    """
    if "=" in name:
        return "its name holds =, which ends a name here"
    for text, what in ((name, "its name"), (value, "the cell")):
        for sign, called in _NAMES.items():
            if sign in text:
                return f"{what} holds {called}, which a comment cannot"
        if text != text.strip(" "):
            return f"leading and trailing spaces of {'its name' if what == 'its name' else 'a cell'} are lost here"
    return "it has no name" if not name else None
