"""Tells whether the first row of a table names its columns or is data already, by what stands below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

__all__ = ["FirstRow", "first_row"]

_NAMES = frozenset(
    (
        *("text", "texts", "sentence", "sentences", "utterance", "comment", "review", "content", "message", "question"),
        *("sequence", "title", "body", "document", "description", "premise", "hypothesis", "sentence1", "sentence2"),
        *("tokens", "token", "words", "word", "forms", "form", "tags", "tag", "ner", "pos", "label", "labels", "class"),
        *("category", "intent", "target", "sentiment", "topic", "y", "id", "uid", "guid", "index", "row", "name"),
        *("date", "time", "timestamp", "split"),
    )
)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")
_GAPS = frozenset(("", "?", "nan", "na", "n/a", "null", "none", "-"))
_FASTTEXT = "__label__"
_TAG = re.compile(r"O|[BIESLUM]-\S+")
_PROSE = 4
"""Words from which on a cell is running text, which no column is called."""
_ORDER = ("sure", "number", "again", "prose", "numbers", "doubt")
"""The kinds of reason to take a cell for data, the best first; only the first two suffice alone."""
_SURE_ROWS = 5
"""Rows from which on the form of a column proves that its first cell is a name."""


@dataclass(frozen=True)
class FirstRow:
    """The role of the first row of a table.

    Attributes:
        is_data: whether it is data; else it names the columns.
        is_sure: whether that is certain.
        reason: what speaks for data; None where nothing does.
    """

    is_data: bool = False
    is_sure: bool = False
    reason: str | None = None

    @property
    def note(self) -> str | None:
        """The note for the user."""
        if self.reason is None:
            return None
        if self.is_data:
            return f"the first line is read as data: {self.reason} (else say --header)"
        return f"{self.reason}: if the first line is data, say --no-header"


@dataclass(frozen=True)
class _Sign:
    """The evidence of one column: that its first cell is a `name`, or why it is data (the kinds of `_ORDER`)."""

    kind: str
    reason: str = ""


def first_row(row: Sequence[str], below: Sequence[Sequence[str]]) -> FirstRow:
    """Decides whether the first row is a header, comparing each column with the rows below it.

    It is data where a cell cannot be a name: a number above numbers, a date above dates, running text above running
    text beside a label that occurs below. It is a header where a cell cannot be data: a word above numbers or dates,
    or a name that columns usually have.

    Args:
        row: the cells of the first row.
        below: some rows below it.

    Examples:
        >>> first_row(["text", "label"], [["good film", "pos"]]).is_data
        False
        >>> first_row(["3", "Oil price climbs once more"], [["1", "Talks on the border go on"], ["3", "Two"]]).is_data
        True
    """
    if any(len(other) != len(row) for other in below):
        return FirstRow()
    cells = [cell.strip() for cell in row]
    others = [[cell.strip() for cell in other] for other in below]
    others = [other for other in others if other != cells]  # two tables in one file have the header twice
    columns = zip(cells, zip(*others, strict=True), strict=True) if others else ()
    signs = [sign for name, column in columns for sign in _signs(name, column)]
    if _are_evenly_spaced(cells):
        signs = [sign for sign in signs if sign.kind != "numbers"]
        signs = [replace(sign, kind="doubt") if sign.kind == "number" else sign for sign in signs]
    return _verdict(signs)


def _verdict(signs: Sequence[_Sign]) -> FirstRow:
    """The decision from the evidence of all columns."""
    kinds = [sign.kind for sign in signs]
    data = sorted((sign for sign in signs if sign.kind in _ORDER), key=lambda sign: _ORDER.index(sign.kind))
    reason = data[0].reason if data else None
    if "name" in kinds:
        is_doubtful = any(kind in kinds for kind in ("sure", "number", "again"))
        return FirstRow(is_data=False, is_sure=not is_doubtful, reason=reason if is_doubtful else None)
    several = kinds.count("again") > 1 or ("again" in kinds and "prose" in kinds)
    is_data = "sure" in kinds or "number" in kinds or several
    return FirstRow(is_data=is_data, is_sure=is_data, reason=reason)


def _signs(name: str, column: Sequence[str]) -> Iterator[_Sign]:
    """The evidence of one column."""
    filled = [cell for cell in column if cell.casefold() not in _GAPS]
    if name.casefold() in _GAPS or not filled:
        return
    is_again = name in filled
    if name.casefold() in _NAMES and not is_again:
        yield _Sign("name")
    if name.startswith(_FASTTEXT) and _most(cell.startswith(_FASTTEXT) for cell in filled):
        yield _Sign("sure", f"'{name}' is a label, as those below it")
    elif _TAG.fullmatch(name) and any("-" in cell for cell in filled) and all(map(_TAG.fullmatch, filled)):
        yield _Sign("sure", f"'{name}' is a tag, as those below it")
    elif _most(map(_is_number, filled)):
        yield from _number_signs(name, len(filled), is_again=is_again)
    elif _most(map(_is_date, filled)):
        if _is_date(name):
            yield _Sign("sure", f"'{name}' stands above other dates")
        elif len(filled) >= _SURE_ROWS:
            yield _Sign("name")
    elif is_again:
        yield _Sign("again", f"column '{_short(name)}' has a name that is also one of its values")
    elif _words(name) >= _PROSE and sum(map(_words, filled)) >= _PROSE * len(filled):
        yield _Sign("prose", f"'{_short(name)}' reads like the texts below it")


def _number_signs(name: str, rows: int, *, is_again: bool) -> Iterator[_Sign]:
    """The evidence of a column of numbers."""
    if not _is_number(name):
        if rows >= _SURE_ROWS:
            yield _Sign("name")
    elif is_again or not name.lstrip("+-").isdecimal():
        again = " and occurs again" if is_again else ""
        yield _Sign("number", f"'{name}' stands above other numbers{again}")
    else:
        yield _Sign("numbers", f"'{name}' stands above other numbers")


def _are_evenly_spaced(cells: Sequence[str]) -> bool:
    """Whether the numbers among the names are a scale, such as years or 0, 1, 2: names of steps."""
    numbers = [float(cell.replace(",", ".")) for cell in cells if _is_number(cell)]
    gaps = [after - before for before, after in pairwise(numbers)]
    return len(gaps) > 1 and gaps[0] != 0 and all(abs(gap - gaps[0]) < 1e-6 * abs(gaps[0]) for gap in gaps)


def _most(states: Iterable[bool]) -> bool:
    found = list(states)
    return sum(found) >= 0.9 * len(found)


def _is_number(cell: str) -> bool:
    try:
        return float(cell.replace(",", ".")) is not None
    except ValueError:
        return False


def _is_date(cell: str) -> bool:
    return _DATE.fullmatch(cell) is not None


def _words(cell: str) -> int:
    return len(cell.split())


def _short(cell: str) -> str:
    return cell if len(cell) <= 40 else f"{cell[:40]}..."
