"""Reads JSON Lines: one JSON object per line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import islice
from typing import Any

from seqwise.data.readers._inputs import Input
from seqwise.data.readers._json_values import json_value
from seqwise.data.readers._lines import numbered_lines
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import LOOK, Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError

__all__ = ["jsonl_part"]

_ONE_PER_LINE = "One whole JSON object is expected per line."
_FROM_ARRAY = (
    'Write one object per line: python -c "import json; [print(json.dumps(row)) for row in json.load(open({name!r}))]"'
)


def jsonl_part(source: Input, options: ReadOptions) -> Part:
    """A file of JSON objects, one per line; its keys are those of the first records."""
    with closing(_records(source, options.encoding, look=True)) as records:
        seen = list(islice(records, 1 if source.live else LOOK))
    if not seen:
        raise DataError("the file is empty", file=source.name)
    keys = dict.fromkeys(key for record in seen for key in record.values)
    return Part(source.name, (), lambda: _records(source, options.encoding), extra=tuple(keys))


def _records(source: Input, encoding: str, *, look: bool = False) -> Generator[Record, None, None]:
    """One record per line that is not blank."""
    for number, line in numbered_lines(source, encoding, look=look):
        if text := line.strip():
            place = Place(source.name, number)
            yield Record(place, _object(text, line, place))


def _object(text: str, line: str, place: Place) -> dict[str, Any]:
    """The object on a line."""
    if text.startswith("["):
        hint = _FROM_ARRAY.format(name=place.file)
        raise DataError("expected a JSON object, got an array", file=place.file, line=place.line, hint=hint)
    value = json_value(line.rstrip("\r\n"), place, hint=_ONE_PER_LINE)
    if not isinstance(value, dict):
        problem = f"expected a JSON object, got {_kind(value)}"
        raise DataError(problem, file=place.file, line=place.line, hint=_ONE_PER_LINE)
    return value


def _kind(value: object) -> str:
    """What a JSON value that is neither object nor array is called."""
    names = {str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
