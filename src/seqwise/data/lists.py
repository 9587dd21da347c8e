"""Reads a list that is written out in one cell of a table: as JSON, or as Python prints it."""

from __future__ import annotations

import ast
import json
import warnings
from typing import Any

__all__ = ["written_list"]

_SCALARS = (str, int, float, type(None))


def written_list(cell: Any) -> list[Any] | None:
    """The list that a string writes out, or None where it writes none.

    JSON is what `seqwise predict` writes into tables; Python's form is what pandas writes for a column of lists. The
    items are strings, numbers, true, false and null, or lists of them. Whatever else stands between brackets is no
    list: a text such as `[sic]`, the arrays of NumPy (`['a' 'b']`), objects.

    Example:
        >>> written_list('["B-PER", "O"]'), written_list("['B-PER', 'O']"), written_list("[]")
        (['B-PER', 'O'], ['B-PER', 'O'], [])
        >>> written_list("[sic]"), written_list("B-PER O"), written_list(["O"])
        (None, None, None)
    """
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    value = _json(text)
    if value is None:
        value = _printed(text)
    if value is None or not all(_is_plain(item) for item in value):
        return None
    return value


def _is_plain(item: Any) -> bool:
    if isinstance(item, list):
        return all(isinstance(inner, _SCALARS) for inner in item)
    return isinstance(item, _SCALARS)


def _json(text: str) -> list[Any] | None:
    try:
        value: list[Any] = json.loads(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        return None
    return value


def _printed(text: str) -> list[Any] | None:
    """The list whose `repr` this is, to the letter: Python itself would read `['a' 'b']` as one string."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value: list[Any] = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value if repr(value) == text else None
