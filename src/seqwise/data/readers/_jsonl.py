"""Reads JSON: one object per line, or one document as a whole."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from seqwise.data.readers._annotations import annotated
from seqwise.data.readers._documents import document_rows, is_document
from seqwise.data.readers._inputs import Input
from seqwise.data.readers._json_values import json_value
from seqwise.data.readers._lines import numbered_lines
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import LOOK, Part
from seqwise.data.readers._tasks import flat_row, left_out
from seqwise.data.records import Place, Record
from seqwise.errors import DataError, listed

__all__ = ["jsonl_part"]

_ONE_PER_LINE = "One whole JSON object is expected per line."


def jsonl_part(source: Input, options: ReadOptions) -> Part:
    """A file of JSON objects, one per line or all in one document; its keys are those of the first records."""
    notes: list[str] = []
    whole = is_document(source, options.encoding)
    with closing(_records(source, options.encoding, whole=whole, look=True, notes=notes)) as records:
        seen = list(islice(records, 1 if source.live else LOOK))
    if not seen:
        raise DataError("the file is empty", file=source.name)
    keys = dict.fromkeys(key for record in seen for key in record.values)
    if not keys:
        raise DataError("the objects have no keys", file=source.name, line=seen[0].place.line, hint=_ONE_PER_LINE)
    part = Part(
        source.name,
        (),
        lambda: _records(source, options.encoding, whole=whole),
        extra=tuple(keys),
        notes=tuple(dict.fromkeys(notes)),
    )
    return annotated(part, seen, options, is_live=source.live)


def _records(
    source: Input, encoding: str, *, whole: bool, look: bool = False, notes: list[str] | None = None
) -> Generator[Record, None, None]:
    """One record per line that is not blank, or per row of a document."""
    rows = document_rows(source, encoding, look=look) if whole else None
    if rows is None:
        rows = _lines(source, encoding, look=look)
    for number, value in rows:
        place = Place(source.name, number)
        row = flat_row(value, place)
        if row is None:
            problem = f"expected a JSON object, got {_kind(value)}"
            raise DataError(problem, file=place.file, line=place.line, hint=_ONE_PER_LINE)
        if notes is not None and (kinds := left_out([value])):
            notes.append(f"left out: results of {listed(sorted(kinds))}, which are no labels of the text")
        yield Record(place, row)


def _lines(source: Input, encoding: str, *, look: bool) -> Iterator[tuple[int, Any]]:
    """The values on the lines that are not blank."""
    with closing(numbered_lines(source, encoding, look=look)) as lines:
        for number, line in lines:
            if line.strip():
                yield number, json_value(line.rstrip("\r\n"), Place(source.name, number), hint=_ONE_PER_LINE)


def _kind(value: object) -> str:
    """The name of the type of a JSON value that is not an object."""
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
