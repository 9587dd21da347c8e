"""Reads files of fastText: a text per line behind its labels, `__label__good __label__long a fine film`."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice

from seqwise.data.readers._annotations import annotated
from seqwise.data.readers._inputs import Input
from seqwise.data.readers._lines import numbered_lines
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import LOOK, Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError

__all__ = ["PREFIX", "are_fasttext", "fasttext_part"]

PREFIX = "__label__"
_LABEL = re.compile(r"\s*__label__(\S+)(?:\s+|$)")
_BEFORE_COMMA = re.compile(r"\s*__label__([^\s,]+)\s*,\s*")


def are_fasttext(lines: Sequence[str]) -> bool:
    """Whether nearly all lines begin with a label."""
    filled = [line.lstrip() for line in lines if line.strip()]
    return bool(filled) and sum(line.startswith(PREFIX) for line in filled) >= 0.9 * len(filled)


def fasttext_part(source: Input, options: ReadOptions) -> Part:
    """A file of fastText with the columns `text` and `label`: one label without the prefix, or a list of several.

    Labels end at a blank or tab, as fastText has it; where every line has a comma behind its label, at that comma. A
    comma between two labels separates them. A line without a label is a text alone.
    """
    with closing(numbered_lines(source, options.encoding, look=True)) as lines:
        head = [line for _, line in islice(lines, 1 if source.live else LOOK) if line.strip()]
    if not head:
        raise DataError("the file is empty", file=source.name)
    pattern = _BEFORE_COMMA if all(map(_BEFORE_COMMA.match, head)) else _LABEL
    with closing(_records(source, options.encoding, pattern, look=True)) as records:
        seen = list(islice(records, len(head)))
    notes = ("a comma separates labels and texts",) if pattern is _BEFORE_COMMA else ()
    part = Part(
        source.name, ("text",), lambda: _records(source, options.encoding, pattern), notes=notes, extra=("label",)
    )
    return annotated(part, seen, options, is_live=source.live)


def _records(
    source: Input, encoding: str, pattern: re.Pattern[str], *, look: bool = False
) -> Generator[Record, None, None]:
    """One record per line that is not blank."""
    with closing(numbered_lines(source, encoding, look=look)) as lines:
        for number, line in lines:
            if not line.strip():
                continue
            labels: list[str] = []
            place = 0
            while found := pattern.match(line, place):
                labels += found[1].split(f",{PREFIX}")
                place = found.end()
            if pattern is _BEFORE_COMMA and (found := _LABEL.match(line, place)):  # a comma between labels only
                labels += found[1].split(f",{PREFIX}")
                place = found.end()
            text = line[place:].strip()
            if pattern is _BEFORE_COMMA and len(text) > 1 and text[0] == text[-1] == '"':
                text = text[1:-1].replace('""', '"')
            label = {"label": labels[0] if len(labels) == 1 else labels} if labels else {}
            yield Record(Place(source.name, number), {**label, "text": text or None})
