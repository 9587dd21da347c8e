"""Reads files of fastText: a text per line behind its labels, `__label__good __label__long a fine film`."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
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
_LABEL = re.compile(r"(?<!\S)__label__(\S+)(?:\s+|$)")
_BEFORE_COMMA = re.compile(r"\s*__label__([^\s,]+)\s*,\s*")
_LIKELY = 0.9
"""The fraction of lines with a label from which on a file is one of fastText."""


def are_fasttext(lines: Sequence[str]) -> bool:
    """Whether nearly all lines begin with a label, or nearly all end with one."""
    filled = [line.split() for line in lines if line.strip()]
    return any(
        sum(words[place].startswith(PREFIX) for words in filled) >= _LIKELY * len(filled) > 0 for place in (0, -1)
    )


def fasttext_part(source: Input, options: ReadOptions) -> Part:
    """A file of fastText with the columns `text` and `label`: one label without the prefix, or a list of several.

    Labels end at a blank or tab and stand anywhere in a line, as fastText has it; where every line has a comma behind
    its label, at that comma. A comma between two labels separates them. A line without a label is a text alone.

    Raises:
        DataError: no line has a text beside its labels.
    """
    with closing(numbered_lines(source, options.encoding, look=True)) as lines:
        head = [line for _, line in islice(lines, 1 if source.live else LOOK) if line.strip()]
    if not head:
        raise DataError("the file is empty", file=source.name)
    is_comma = all(map(_BEFORE_COMMA.match, head))
    with closing(_records(source, options.encoding, is_comma=is_comma, look=True)) as records:
        seen = list(islice(records, len(head)))
    has_labels = source.live or any("label" in record.values for record in seen)
    part = Part(
        source.name,
        ("text",),
        lambda: _records(source, options.encoding, is_comma=is_comma),
        notes=() if source.live else tuple(_notes(source.name, seen, is_comma=is_comma)),
        extra=("label",) if has_labels else (),
    )
    return annotated(part, seen, options, is_live=source.live)


def _notes(name: str, seen: Sequence[Record], *, is_comma: bool) -> Iterator[str]:
    """What to say about the first lines of a file."""
    if is_comma:
        yield "a comma separates labels and texts"
    if all(record.values["text"] is None for record in seen):
        hint = "A line has its labels and a text: __label__good a fine film."
        raise DataError("the lines have labels and no text", file=name, line=seen[0].place.line, hint=hint)


def _records(source: Input, encoding: str, *, is_comma: bool, look: bool = False) -> Generator[Record, None, None]:
    """One record per line that is not blank."""
    with closing(numbered_lines(source, encoding, look=look)) as lines:
        for number, line in lines:
            if not line.strip():
                continue
            if f"\r{PREFIX}" in line:
                hint = "Save the file with LF or CR LF line ends."
                raise DataError("a CR alone stands in the line", file=source.name, line=number, hint=hint)
            labels, text = (_cut_at_comma if is_comma else _cut)(line)
            label = {"label": labels[0] if len(labels) == 1 else labels} if labels else {}
            yield Record(Place(source.name, number), {**label, "text": text or None})


def _cut(line: str) -> tuple[list[str], str]:
    """Labels and text of a line; a label stands anywhere."""
    labels = [label for found in _LABEL.findall(line) for label in found.split(f",{PREFIX}")]
    return labels, (_LABEL.sub("", line) if labels else line).strip()


def _cut_at_comma(line: str) -> tuple[list[str], str]:
    """The same of a line with a comma behind its labels; quotation marks may enclose the text."""
    labels: list[str] = []
    place = 0
    while found := _BEFORE_COMMA.match(line, place):
        labels.append(found[1])
        place = found.end()
    more, text = _cut(line[place:])  # a comma between labels only
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"')
    return labels + more, text
