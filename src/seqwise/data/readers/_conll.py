"""Reads CoNLL columns: a token per line, a column per kind of label, a blank line after each sequence."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from seqwise.data.readers._blocks import Block, blocks, comment_values, is_assignment
from seqwise.data.readers._inputs import Input
from seqwise.data.readers._lines import numbered_lines
from seqwise.data.readers._options import ReadOptions, numbered, other_names
from seqwise.data.readers._source import LOOK, Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError

__all__ = ["conll_part"]

_DOCUMENT_START = "-DOCSTART-"
_BLANKS = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class _Layout:
    """What the first token line says about all of them.

    Attributes:
        line: its number.
        columns: the names of its columns.
        delimiter: the sign between cells; None stands for any run of blanks and tabs.
        commented: whether comments `# key = value` stand above it.
    """

    line: int
    columns: tuple[str, ...]
    delimiter: str | None
    commented: bool

    def cells(self, text: str) -> list[str]:
        return _BLANKS.split(text) if self.delimiter is None else text.split(self.delimiter)

    def is_comment(self, text: str) -> bool:
        """Whether a line above the first token of a sequence is no token.

        A token may begin with `#`. In a file with comments, `#` and a blank begin one; else a line that has
        all the columns is a token.
        """
        if text.startswith(_DOCUMENT_START):
            return True
        if not text.startswith("#"):
            return False
        if is_assignment(text) or (self.commented and text.startswith("# ")):
            return True
        return len(self.cells(text)) != len(self.columns)


def conll_part(source: Input, options: ReadOptions) -> Part:
    """A file of CoNLL columns.

    Cells are separated by tabs if the first token line has one, else by blanks. Lines `# key = value` above a
    sequence become values of its record, other comments are left out, and so are `-DOCSTART-` lines.
    """
    layout, documents = _look(source, options)
    with closing(_records(source, options.encoding, layout, look=True)) as records:
        seen = list(islice(records, 1 if source.live else LOOK))
    notes = ["lines -DOCSTART- are left out"] if documents else []
    tokens = layout.columns[0]
    if len(layout.columns) > 1 and _counts(seen, tokens):
        tokens = layout.columns[1]
        notes.append(f"the first column counts 1, 2, 3: the tokens are taken from '{tokens}'")
    return Part(
        source.name,
        layout.columns,
        lambda: _records(source, options.encoding, layout),
        kind="tokens",
        extra=tuple(dict.fromkeys(key for record in seen for key in record.values if key not in layout.columns)),
        tokens=tokens,
        notes=tuple(notes),
    )


def _look(source: Input, options: ReadOptions) -> tuple[_Layout, bool]:
    """The layout of the file, and whether `-DOCSTART-` lines stand above its first token."""
    documents = commented = False
    doubtful: tuple[int, str] | None = None
    with closing(numbered_lines(source, options.encoding, look=True)) as lines:
        for number, line in lines:
            text = line.strip(" \t\r\n")
            if text.startswith(_DOCUMENT_START):
                documents = True
            elif is_assignment(text):
                commented = True
            elif text.startswith("#") and not text.startswith("#\t"):
                doubtful = doubtful or (number, text)
            elif text:
                return _layout(source.name, options, number, text, commented=commented), documents
    if doubtful is None or commented:
        raise DataError("the file has no tokens", file=source.name)
    return _layout(source.name, options, *doubtful, commented=False), documents


def _layout(name: str, options: ReadOptions, number: int, text: str, *, commented: bool) -> _Layout:
    """The layout that a token line shows."""
    delimiter = options.delimiter or ("\t" if "\t" in text else None)
    if delimiter == " ":
        delimiter = None
    width = len(_Layout(number, (), delimiter, commented).cells(text))
    columns = options.names_of(width)
    if columns is None and options.columns is not None:
        problem = f"{len(options.columns)} columns are named, but the line has {width}"
        raise DataError(problem, file=name, line=number, hint=other_names(options))
    return _Layout(number, columns or numbered(width), delimiter, commented)


def _records(source: Input, encoding: str, layout: _Layout, *, look: bool = False) -> Generator[Record, None, None]:
    """One record per block of token lines."""
    for block in blocks(numbered_lines(source, encoding, look=look), layout.is_comment):
        rows = [layout.cells(text) for text in block.lines]
        _check_cells(source.name, layout, block, rows)
        values: dict[str, object] = dict(zip(layout.columns, map(list, zip(*rows, strict=True)), strict=True))
        values.update(comment_values(block, layout.columns, source.name))
        yield Record(Place(source.name, block.start), values)


def _check_cells(name: str, layout: _Layout, block: Block, rows: list[list[str]]) -> None:
    """Every token line has every column."""
    width = len(layout.columns)
    for step, row in enumerate(rows):
        if len(row) != width:
            problem = f"expected {width} columns as on line {layout.line}, got {len(row)}: {block.lines[step]!r}"
            hint = "Separate the columns by tabs where cells hold blanks." if layout.delimiter is None else None
            raise DataError(problem, file=name, line=block.start + step, hint=hint)
        if "" in row:
            field = layout.columns[row.index("")]
            raise DataError("the cell is empty", file=name, line=block.start + step, field=field)


def _counts(records: list[Record], column: str) -> bool:
    """Whether a column merely counts the tokens of every sequence, as the one before the words does in some
    files.
    """
    numbers = [record.values[column] for record in records]
    return any(len(cells) > 1 for cells in numbers) and all(
        cells == [str(step) for step in range(1, len(cells) + 1)] for cells in numbers
    )
