"""Finds the rows in a file that is one JSON document as a whole: an array, or an object that holds a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from seqwise.data.readers._inputs import Input
from seqwise.data.readers._json_values import json_value
from seqwise.data.readers._lines import numbered_lines
from seqwise.data.records import Place
from seqwise.errors import DataError, listed

__all__ = ["document_rows", "is_document"]

_ROW_KEYS = ("data", "rows", "records", "examples", "items", "instances", "samples", "results", "sentences")
_INPUT_KEYS = ("text", "tokens", "words", "sentence", "signal", "series")
_LARGEST = 1 << 30
_ONE_PER_LINE = "Write one JSON object per line."

Rows = Iterator[tuple[int, Any]]
"""Numbers and values of rows: of an array spread over lines its lines, else rows counted from 1."""


def is_document(source: Input, encoding: str) -> bool:
    """Whether a file of JSON is one document, and not an object or array per line.

    A stream whose first line is an object is read line by line, so that each line can be answered.
    """
    with closing(numbered_lines(source, encoding, look=True)) as lines:
        filled = (line for _, line in lines if line.strip())
        first = next(filled, "").strip()
        if not first.startswith(("[", "{")) or (source.live and first.startswith("{")):
            return False
        value = _whole(first)
        if value is None or next(filled, None) is None:
            return value is None or isinstance(value, list) or _table(value) is not None
    return False


def document_rows(source: Input, encoding: str, *, look: bool = False) -> Rows | None:
    """The rows of a document; None where it is none after all.

    Args:
        source: the file, which is read as a whole.
        encoding: of its text.
        look: whether the file will be opened again.

    Raises:
        DataError: an array that breaks off or is no JSON, with its line; an object in which several tables stand, or
            none; a document too large to be read as a whole.
    """
    text = _text(source, encoding, look=look)
    if text.lstrip().startswith("["):
        return _elements(text, source.name)
    if _whole(text) is None:
        return None  # then it is lines, and the reader of lines says what is wrong with them
    value = json_value(text, Place(source.name, 1))
    rows = _table(value)
    if rows is None:
        problem = f"the file is one JSON object with the keys {listed(value, 8)}, in which no table is found"
        raise DataError(problem, file=source.name, hint=_ONE_PER_LINE)
    return enumerate(rows, 1)


def _text(source: Input, encoding: str, *, look: bool) -> str:
    parts: list[str] = []
    size = 0
    with closing(numbered_lines(source, encoding, look=look)) as lines:
        for _, line in lines:
            parts.append(line)
            size += len(line)
            if size > _LARGEST:
                raise DataError("one JSON document of more than 1 GiB", file=source.name, hint=_ONE_PER_LINE)
    return "".join(parts)


def _whole(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _elements(text: str, name: str) -> Rows:
    """The elements of an array with their lines, or counted where the array stands on one line."""
    decoder = json.JSONDecoder()
    place = _after_blanks(text, text.index("[") + 1)
    is_spread = "\n" in text.strip()
    line, seen, count = 1, 0, 0
    while place < len(text) and text[place] != "]":
        line += text.count("\n", seen, place)
        seen, count = place, count + 1
        try:
            _, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            problem = f"not JSON at character {error.colno}: {error.msg}"
            raise DataError(problem, file=name, line=error.lineno, hint="The file is one JSON array.") from None
        except (ValueError, RecursionError):
            end = len(text)  # a number or a nesting that Python does not read: what follows says so
        number = line if is_spread else count
        yield number, json_value(text[place:end], Place(name, number))
        place = end
        place = _after_blanks(text, place)
        if text[place : place + 1] == ",":
            place = _after_blanks(text, place + 1)
        elif text[place : place + 1] != "]":
            _refuse_end(text, place, name)
    rest = _after_blanks(text, place + 1)
    if place >= len(text) or rest < len(text):
        _refuse_end(text, min(rest, len(text)), name)


def _refuse_end(text: str, place: int, name: str) -> None:
    line = text.count("\n", 0, place) + 1
    told = "the JSON array is never closed" if place >= len(text) else f"expected a comma, got {text[place]!r}"
    raise DataError(told, file=name, line=line, hint="The file is one JSON array.")


def _after_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place


def _table(value: Any) -> list[Any] | None:
    """The rows that an object holds: under a key such as `data`, or as pandas writes a table; None for a single row."""
    if not isinstance(value, dict) or any(not isinstance(value.get(key, {}), dict) for key in _INPUT_KEYS):
        return None
    names, cells = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(cells, list) and all(isinstance(row, list) for row in cells):
        return [dict(zip(names, row, strict=False)) for row in cells]
    pairs = value.get("annotations")
    if "classes" in value and isinstance(pairs, list) and any(pairs) and all(map(_is_pair, filter(None, pairs))):
        return [pair for pair in pairs if pair]  # as annotation tools write for spaCy; what was not looked at is null
    lists = [key for key, rows in value.items() if _are_rows(rows) and (key in _ROW_KEYS or len(value) == 1)]
    if len(lists) == 1:
        rows: list[Any] = value[lists[0]]
        return rows
    if value and all(isinstance(inner, dict) for inner in value.values()):
        return _from_objects(value)
    return None


def _from_objects(value: dict[str, dict[str, Any]]) -> list[Any] | None:
    """The rows of an object of objects: one per row, or one per column with a value per row."""
    if len(value) == 1:
        (inner,) = value.values()
        nested = _table(inner) or next((rows for rows in inner.values() if _are_rows(rows)), None)
        if nested is not None:
            return nested
    if all(key.isdecimal() for key in value):
        return list(value.values())
    keys = list(next(iter(value.values())))
    if keys and all(key.isdecimal() for key in keys) and all(list(inner) == keys for inner in value.values()):
        return [{column: inner[key] for column, inner in value.items()} for key in keys]
    return None


def _is_pair(value: Any) -> bool:
    """Whether a value is a text and the object of its annotations."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
