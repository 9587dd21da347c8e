"""Says which cells a text file can hold so that the same is read again, and quotes those of CSV.

A cell that would be read otherwise is never changed: its row is refused, which names the row and the column.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["comment_obstacle", "csv_row", "token_obstacle", "unquoted_obstacle"]

_MARK = "\ufeff"
_NAMES = {"\t": "a tab", "\n": "a line break", "\r": "a line break (CR)"}


def csv_row(cells: Iterable[str], delimiter: str) -> str:
    r"""A row of CSV by RFC 4180, with its line end: cells with a delimiter, a quote or a line break stand in quotes.

    A CR alone is quoted too, which Python's csv module leaves out, blanks at an end, which might seem to belong to the
    delimiter, and what would be a byte-order mark.

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
    r"""Why a cell cannot stand in a file without quotes; None where it can.

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
    """Why a cell cannot stand in a file of tokens, where an empty one and blanks at the ends are lost.

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
    return "blanks at the ends of a cell are lost here" if cell != cell.strip(" \t") else None


def comment_obstacle(name: str, value: str) -> str | None:
    """Why a value cannot stand in a comment `# name = value`; None where it can.

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
            return f"blanks at the ends of {'its name' if what == 'its name' else 'a cell'} are lost here"
    return "it has no name" if not name else None
