"""Reads lines of text, each one a sequence; and tells by the first of them whether an input is such lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from seqwise.data.readers._formats import TS_KEYS
from seqwise.data.readers._inputs import Input
from seqwise.data.readers._lines import Lines, numbered_lines
from seqwise.data.readers._options import ReadOptions, numbered
from seqwise.data.readers._separators import separator_line
from seqwise.data.readers._source import Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError, did_you_mean

__all__ = ["PlainText", "begins_with_comment", "is_plain_text", "lines_part"]

_TEXT = "text"
_OTHER_FORMS = ('"', "PAR1", "__label__")
_JSON_BEGINS = re.compile(r"[\[{]\s*(?:$|[{\[])|\{\s*\"")


@dataclass(frozen=True)
class PlainText:
    """The input and targets of a model, used to distinguish lines of plain text from rows.

    Attributes:
        column: the input.
        targets: the columns of the targets.
        labels: the texts of their labels.
        is_tokens: whether the model reads tokens.
    """

    column: str
    targets: tuple[str, ...]
    labels: frozenset[str]
    is_tokens: bool


def lines_part(source: Input, options: ReadOptions) -> Part:
    """A file whose every line is a text as it stands; a blank line is an empty one."""
    (column,) = options.columns or (_TEXT,)
    return Part(source.name, (column,), lambda: _records(source, options.encoding, column))


def _records(source: Input, encoding: str, column: str) -> Iterator[Record]:
    for number, line in numbered_lines(source, encoding):
        yield Record(Place(source.name, number), {column: line.rstrip("\r\n")})


def is_plain_text(source: Input, encoding: str, trained: ReadOptions, expected: PlainText) -> bool:
    """Whether lines of an input that has no known ending are certainly texts and no rows, tokens or headers.

    That is so where the first line has no column of the model in it and reads like a sentence: several words, each
    comma followed by a blank. Where the next line has as many cells, it may as well be a table.

    Args:
        source: the input, of which one line is looked at, or two.
        encoding: of the input.
        trained: how the training files were read.
        expected: what the model reads.

    Raises:
        DataError: lines that may be tokens with tags, or sentences.
    """
    with closing(numbered_lines(source, encoding, look=True)) as lines:
        number, first = _next(lines)
        while number and not first:
            number, first = _next(lines)
        if not first or "\t" in first or _begins_another_form(first, trained) or separator_line(first):
            return False
        if expected.is_tokens and first.startswith("["):
            return False
        if expected.is_tokens and trained.format in ("conll", "conllu"):
            return _is_sentence(first, lines, trained, expected, Place(source.name, number))
        return _is_text(first, lines, trained, expected)


def _begins_another_form(first: str, trained: ReadOptions) -> bool:
    """Whether a line begins a quoted row, a header of `.ts`, JSON or the like."""
    if first.startswith(_OTHER_FORMS) or first.lower().startswith(TS_KEYS):
        return True
    if not first.startswith(("{", "[")):
        return False
    return trained.format == "jsonl" or _JSON_BEGINS.match(first) is not None


def _next(lines: Lines) -> tuple[int, str]:
    """The next line without blanks around it, and its number; (0, "") at the end, and where it is no text."""
    try:
        number, line = next(lines, (0, ""))
    except DataError:
        return 0, ""
    return number, line.strip()


def _is_text(first: str, lines: Lines, trained: ReadOptions, expected: PlainText) -> bool:
    delimiter = trained.delimiter or ("," if "," in first else ";")
    cells = first.split(delimiter)
    names = {name.casefold() for name in (expected.column, *expected.targets, *(trained.columns or ()))}
    if any(cell.strip().casefold() in names for cell in cells) or did_you_mean(first, [expected.column]):
        return False
    if _has_label(cells, trained, expected):
        return False
    if len(cells) == 1:
        return " " in first or _next(lines) == (0, "")
    if not all(cell == "" or cell[0].isspace() for cell in cells[1:]):
        return False
    _, second = _next(lines)
    return len(second.split(delimiter)) != len(cells)


def _has_label(cells: list[str], trained: ReadOptions, expected: PlainText) -> bool:
    """Whether a row without a header has a label where the training files have one."""
    columns = trained.columns or ()
    if trained.header is not False or len(cells) != len(columns):
        return False
    return any(cells[columns.index(name)].strip() in expected.labels for name in expected.targets if name in columns)


def _is_sentence(first: str, lines: Lines, trained: ReadOptions, expected: PlainText, place: Place) -> bool:
    """Whether the words on a line are a sentence, and not a token with its tags."""
    if first.startswith(("#", "-DOCSTART-")):
        return False
    cells = first.split(trained.delimiter)
    if trained.format == "conllu":
        return len(cells) > 1
    tags = _tags(cells, trained, expected)
    if len(cells) == 1 or not tags or any(tag in expected.labels or tag == "_" for tag in tags):
        return False
    number, second = _next(lines)
    if not number or (second and len(second.split(trained.delimiter)) != len(cells)):
        return True
    problem = f"'{tags[0]}' is no tag of the model, so the line may be a sentence or a token with other tags"
    hint = "If every line is a sentence, say --format lines; if every line is a token, say --format conll."
    raise DataError(problem, file=place.file, line=place.line, hint=hint)


def begins_with_comment(source: Input, encoding: str, trained: ReadOptions, expected: PlainText) -> bool:
    """Whether the first line is `# ...` without a tag of the model where tags stand: a comment and no token.

    Args:
        source: the input, of which one line is looked at.
        encoding: of the input.
        trained: how the training files were read.
        expected: what the model reads.
    """
    if trained.format != "conll" or not expected.is_tokens:
        return False
    with closing(numbered_lines(source, encoding, look=True)) as lines:
        _, first = _next(lines)
    if not first.startswith("# "):
        return False
    tags = _tags(first.split(trained.delimiter), trained, expected)
    return bool(tags) and not any(tag in expected.labels or tag == "_" for tag in tags)


def _tags(cells: list[str], trained: ReadOptions, expected: PlainText) -> list[str]:
    """The cells that are tags in the columns of the training files."""
    columns = trained.columns or numbered(len(cells))
    return [cells[place] for place, name in enumerate(columns[: len(cells)]) if name in expected.targets]
