"""Turns spans of characters, as annotation tools write them, into one tag per word of the text (IOB2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from seqwise.data.records import Place
from seqwise.data.tokens import composed_length, word_places
from seqwise.errors import DataError

__all__ = ["Span", "are_spans", "look_like_spans", "span_tags"]

_STARTS = ("start", "start_offset", "start_char", "startOffset", "begin", "from", "offset")
_ENDS = ("end", "end_offset", "end_char", "endOffset", "stop", "to")
_LENGTH = "length"
_LABELS = ("label", "entity", "tag", "labels", "entity_type", "entity_group", "type", "category")


@dataclass(frozen=True, order=True)
class Span:
    """Characters `start` to `end` (not included) of a text, and their label."""

    start: int
    end: int
    label: str

    def __str__(self) -> str:
        return f"[{self.start}, {self.end}, '{self.label}']"


def are_spans(cell: Any) -> bool:
    """Whether a cell is a list of spans: `[0, 4, "PER"]`, `["PER", 0, 4]`, or objects with start, end and label."""
    return isinstance(cell, list) and bool(cell) and all(_parts(item) is not None for item in cell)


def look_like_spans(cell: Any) -> bool:
    """Whether a cell is a list of lists that hold two whole numbers and a label each, in whatever order.

    Examples:
        >>> look_like_spans([["0", "4", "PER"], [5, "LOC", 9]]), look_like_spans([["a", "b"]]), look_like_spans([])
        (True, False, False)
    """
    return isinstance(cell, list) and bool(cell) and all(map(_looks_like_span, cell))


def _looks_like_span(item: Any) -> bool:
    if not isinstance(item, (list, tuple)) or len(item) not in (3, 4):
        return False
    numbers = [isinstance(part, int) or (isinstance(part, str) and part.isdecimal()) for part in item]
    return sum(numbers) == 2 and all(isinstance(part, (int, str)) for part in item)


def _parts(item: Any) -> tuple[int, int, Any, str | None] | None:
    """Start, end, label and the text that a span says it has; None for what is no span."""
    said = None
    if isinstance(item, (list, tuple)):
        if len(item) not in (3, 4):
            return None
        start, end, label = item[:3]
        if isinstance(start, str) and len(item) == 3:
            label, start, end = item
        if len(item) == 4 and not isinstance(said := item[3], str):
            return None
    elif isinstance(item, dict):
        start, end, label = (
            next((item[key] for key in keys if key in item), None) for keys in (_STARTS, _ENDS, _LABELS)
        )
        if end is None and isinstance(start, int) and isinstance(item.get(_LENGTH), int):
            end = start + item[_LENGTH]
        said = item.get("text", item.get("value"))
    else:
        return None
    numbers = all(isinstance(place, int) and not isinstance(place, bool) for place in (start, end))
    names = isinstance(label, str) or (
        isinstance(label, list) and bool(label) and all(isinstance(each, str) for each in label)
    )
    return (start, end, label, said if isinstance(said, str) else None) if numbers and names else None


def span_tags(cell: Sequence[Any], text: str, place: Place, column: str) -> tuple[list[str | None], list[Span]]:
    """One tag per word of the text: `B-` on the first word of a span, `I-` on the others, `O` outside.

    Words are those of `tokens.tokenize_words`. Blanks at the ends of a span are no part of it. A span that begins or
    ends inside a word has no tags: its words get None, a missing label.

    Returns:
        The tags, and the spans that begin or end inside a word.

    Raises:
        DataError: a span outside the text, one whose text is not what it says, one of several labels, or two that
            overlap.
    """
    spans = sorted({_span(item, text, place, column) for item in cell})
    for one, other in pairwise(spans):
        if other.start < one.end:
            hint = "A word has one tag: keep one of them, or train on one kind of span at a time."
            raise _wrong(f"the spans {one} and {other} overlap", place, column, hint)
    words = word_places(text)
    tags: list[str | None] = ["O"] * len(words)
    misaligned = []
    for span in spans:
        start, end = composed_length(text[: span.start]), composed_length(text[: span.end])
        inside = [number for number, (first, last) in enumerate(words) if first < end and last > start]
        if inside and (words[inside[0]][0] < start or words[inside[-1]][1] > end):
            misaligned.append(span)
        for number in inside:
            prefix = "B" if number == inside[0] else "I"
            tags[number] = None if misaligned[-1:] == [span] else f"{prefix}-{span.label}"
    return tags, misaligned


def _span(item: Any, text: str, place: Place, column: str) -> Span:
    parts = _parts(item)
    if parts is None:
        raise _wrong(f'expected a span such as [0, 4, "PER"], got {item!r}', place, column, None)
    start, end, label, said = parts
    if isinstance(label, list):
        if len(set(label)) > 1:
            raise _wrong(f"the span at {start} has {len(label)} labels", place, column, "A word has one tag.")
        label = label[0]
    if said is not None and said.strip() and text[start:end].strip() != said.strip():
        start, end = _in_units(text, start, end, said, place, column)
    if not 0 <= start < end <= len(text):
        hint = f"The text has {len(text)} characters; a span is [start, end, label], the end not included."
        raise _wrong(f"the span {Span(start, end, label)} is not inside the text", place, column, hint)
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip())
    return Span(start, max(start, end - (len(inner) - len(inner.rstrip()))), label)


def _in_units(text: str, start: int, end: int, said: str, place: Place, column: str) -> tuple[int, int]:
    """The characters that offsets mean which count the units of UTF-16, as browsers do."""
    units = text.encode("utf-16-le", "surrogatepass")
    before, inside = (units[2 * a : 2 * b].decode("utf-16-le", "replace") for a, b in ((0, start), (start, end)))
    if inside.strip() == said.strip():
        return len(before), len(before) + len(inside)
    hint = "Offsets count characters from 0, the end not included."
    raise _wrong(
        f"at {start} to {end} the text has '{text[start:end]}', but the span says '{said}'", place, column, hint
    )


def _wrong(problem: str, place: Place, column: str, hint: str | None) -> DataError:
    return DataError(problem, file=place.file, line=place.line, field=column, hint=hint)
