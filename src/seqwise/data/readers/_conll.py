"""Reads CoNLL columns: a token per line, a column per kind of label, a blank line after each sequence."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

from seqwise.data.readers._blocks import BLANKS, Block, blocks, comment_values, is_assignment
from seqwise.data.readers._conll_headers import HeaderLine, are_names
from seqwise.data.readers._inputs import Input
from seqwise.data.readers._lines import Lines, unbroken_lines
from seqwise.data.readers._options import ReadOptions, numbered, other_names
from seqwise.data.readers._source import LOOK, Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError, listed

__all__ = ["conll_part", "misread_tokens"]

_DOCUMENT_START = "-DOCSTART-"
_NO_BLANK_TOKEN = "A token of blanks cannot stand in CoNLL columns."
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！", "।", "؟")
_LONG_SEQUENCE = 500
_LOOK_LINES = 1000
_NO_LABEL = ("-X-", "O", "-", "_")
_SPACED_ASSIGNMENT = re.compile(r"#[ \t]|#[^=]*[ \t]=")


@dataclass(frozen=True)
class _Layout:
    """The layout of all token lines, read from the first.

    Attributes:
        line: its number.
        columns: the names of its columns.
        delimiter: the character between cells; None stands for any run of blanks and tabs.
        commented: whether comments `# key = value` stand above it.
        indented: whether it begins with a blank or a tab.
        header: the line that names the columns, if there is one.
    """

    line: int
    columns: tuple[str, ...]
    delimiter: str | None
    commented: bool
    indented: bool = False
    header: HeaderLine | None = None

    def cells(self, text: str) -> list[str]:
        return BLANKS.split(text) if self.delimiter is None else text.split(self.delimiter)

    def is_comment(self, text: str) -> bool:
        """Whether a line above the first token of a sequence is no token.

        A token may begin with `#`: a line with all the columns is a token where a delimiter separates them. With spaces
        and in a single column, `# key = value` is a comment, and in a file with such comments any `#` and a blank.
        """
        if not text.startswith("#"):
            return False
        cells = self.cells(text)
        if len(cells) != len(self.columns):
            return True
        if self.delimiter is not None and len(cells) > 1:
            return False
        if is_assignment(text) and _SPACED_ASSIGNMENT.match(text):
            return True
        return self.commented and text.startswith("# ")

    def is_document_line(self, text: str, *, is_alone: bool) -> bool:
        """Whether a line `-DOCSTART-` at the beginning of a block marks a document, and is no token.

        As CoNLL-2003 writes them: alone between blank lines with nothing but `-X-`, `O`, `-` and `_` in the other
        columns, or with an `-X-` among them, or not with all the columns.
        """
        if not text.startswith(_DOCUMENT_START):
            return False
        _, *others = cells = self.cells(text)
        if len(cells) != len(self.columns):
            return True
        return all(cell in _NO_LABEL for cell in others) and (is_alone or "-X-" in others)


def conll_part(source: Input, options: ReadOptions) -> Part:
    """A file of CoNLL columns.

    Cells are separated by tabs if the first token line has one, else by blanks. Lines `# key = value` above a
    sequence become values of its record, other comments are left out, and so are `-DOCSTART-` lines.
    """
    layout = _look(source, options)
    left_out: list[int] = []
    with closing(_records(source, options.encoding, layout, look=True, left_out=left_out)) as records:
        seen = list(islice(records, 1 if source.live else LOOK))
    if not seen:
        raise DataError("the file has no tokens", file=source.name)
    notes = ["lines -DOCSTART- are left out"] if left_out else []
    notes += [layout.header.note(layout.columns)] if layout.header else []
    notes += _one_block(seen, layout) if not source.live else []
    notes += [*_blanks_in_cells(seen, layout), *_signs_as_tokens(seen, layout)]
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
        header=options.header,
        comments=layout.commented,
    )


def _look(source: Input, options: ReadOptions) -> _Layout:
    """The layout of the file, from its first line that is surely a token."""
    above: list[tuple[int, str]] = []
    below: list[str] = []
    with closing(unbroken_lines(source, options.encoding, look=True)) as lines:
        for number, line in lines:
            text = line.strip(" \t\r\n")
            if text.startswith(("#", _DOCUMENT_START)):
                above.append((number, line))
            elif text:
                above = [(number, line), *above]
                break
        else:
            above = _perhaps_tokens(above)
        if above and not source.live:
            below = [line.strip(" \t\r\n") for _, line in islice(lines, _LOOK_LINES)]
    if not above:
        raise DataError("the file has no tokens", file=source.name)
    layout = _layout(source.name, options, *above[0])
    if options.header is not False:
        layout = replace(layout, header=_header(layout, above, below))
    texts = [line.strip(" \t\r\n") for _, line in above[1:]]
    is_commented = any(is_assignment(text) and layout.is_comment(text) for text in texts)
    is_commented = is_commented or options.comments is True or _begin_with_signs([*texts, *below], layout)
    return replace(layout, commented=is_commented)


def _header(layout: _Layout, above: Sequence[tuple[int, str]], below: Sequence[str]) -> HeaderLine | None:
    """The line that names the columns: the first one, or one behind `#` that has all of them."""
    rows = [layout.cells(text) for text in below if text]
    for number, line in sorted(above):
        text = line.strip(" \t\r\n")
        cells = layout.cells(text)
        if len(cells) == len(layout.columns) and (names := are_names(cells, [row for row in rows if row != cells])):
            return HeaderLine(number, names, text)
    return None


def _begin_with_signs(texts: Sequence[str], layout: _Layout) -> bool:
    """Whether every sequence begins with a line `# ...` of as many words as there are columns: these are comments.

    A token `#` may begin a sequence, but hardly each of them.
    """
    if layout.delimiter is not None:
        return False
    starts = [text for before, text in zip(["", *texts], texts, strict=False) if text and not before]
    return len(starts) > 1 and all(text.startswith("# ") for text in starts)


def _blanks_in_cells(seen: Sequence[Record], layout: _Layout) -> list[str]:
    """A note about a column whose every cell has an outer blank: it is a part of the cell, and hardly meant so."""
    odd = [
        name
        for name in layout.columns
        if all(cell != cell.strip(" ") for record in seen for cell in record.values[name])
    ]
    if layout.delimiter is None or not odd:
        return []
    cell = seen[0].values[odd[0]][0]
    return [f"warning: every cell of {listed(odd)} begins or ends with a blank, which is a part of it: '{cell}'"]


def _signs_as_tokens(seen: Sequence[Record], layout: _Layout) -> list[str]:
    """A note about a line `# word` that is read as a token although no other token has its tag."""
    first, last = layout.columns[0], layout.columns[-1]
    if layout.delimiter is not None or first == last:
        return []
    tags = {tag for record in seen for tag in record.values[last][1:]}
    for record in seen:
        cells = [record.values[name][0] for name in layout.columns]
        if cells[0] == "#" and cells[-1] not in tags:
            read = f"line {record.place.line}, '{' '.join(cells)}', is read as a token with the tag '{cells[-1]}'"
            return [f"warning: {read}, which no other token has; if it is a comment, write it as '# key = value'"]
    return []


def _perhaps_tokens(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lines of a file in which each begins as a comment does, with one that may be a token in front.

    That is the first with a tab; without any, where none of them is `# key = value`, the first.
    """
    tabbed = [each for each in lines if "\t" in each[1].strip(" \t\r\n")]
    if tabbed:
        return [tabbed[0], *lines]
    return [] if any(is_assignment(line.strip(" \t\r\n")) for _, line in lines) else lines[:1] + lines


def _layout(name: str, options: ReadOptions, number: int, line: str) -> _Layout:
    """The layout that a token line shows."""
    text = line.strip(" \t\r\n")
    delimiter = options.delimiter or ("\t" if "\t" in text else None)
    if delimiter == " ":
        delimiter = None
    width = len(_Layout(number, (), delimiter, commented=False).cells(text))
    columns = options.names_of(width)
    if columns is None and options.columns is not None:
        problem = f"{len(options.columns)} columns are named, but the line has {width}"
        raise DataError(problem, file=name, line=number, hint=other_names(options))
    is_indented = line.startswith((" ", "\t"))
    return _Layout(number, columns or numbered(width), delimiter, commented=False, indented=is_indented)


def _one_block(seen: list[Record], layout: _Layout) -> list[str]:
    """What to say about a file that is one sequence and hardly meant so."""
    if len(seen) > 1:
        return []
    rows = list(zip(*(seen[0].values[name] for name in layout.columns), strict=True))
    ends = sum(any(cell in _SENTENCE_ENDS for cell in row) for row in rows[:-1])
    if len(rows) < _LONG_SEQUENCE and ends < 2:
        return []
    return [f"one sequence of {len(rows):,} tokens: no blank line separates it into sequences"]


def _records(
    source: Input, encoding: str, layout: _Layout, *, look: bool = False, left_out: list[int] | None = None
) -> Generator[Record, None, None]:
    """One record per block of token lines; the numbers of lines that mark documents are added to `left_out`."""
    lines = _without_header(source.name, unbroken_lines(source, encoding, look=look), layout.header)
    found = blocks(lines, layout.is_comment)
    for block in _without_documents(found, layout, [] if left_out is None else left_out):
        rows = [layout.cells(text) for text in block.lines]
        _check_cells(source.name, layout, block, rows)
        values: dict[str, object] = dict(zip(layout.columns, map(list, zip(*rows, strict=True)), strict=True))
        values.update(comment_values(block, layout.columns))
        yield Record(Place(source.name, block.start), values)


def _without_header(name: str, lines: Lines, header: HeaderLine | None) -> Iterator[tuple[int, str]]:
    """The lines but for the one that names the columns, which stands there once."""
    for number, line in lines:
        if header is None or line.strip(" \t\r\n") != header.text:
            yield number, line
        elif number != header.line:
            hint = "Remove this line: it would count as a token."
            raise DataError("the names of the columns stand here again", file=name, line=number, hint=hint)


def _without_documents(found: Iterable[Block], layout: _Layout, left_out: list[int]) -> Iterator[Block]:
    """The blocks without lines that mark documents; comments above such a line belong to the next block."""
    carried: list[tuple[int, str]] = []
    for block in found:
        if layout.is_document_line(block.lines[0], is_alone=len(block.lines) == 1):
            left_out.append(block.start)
            carried += block.comments
            block = Block(block.start + 1, [], block.lines[1:])
        if block.lines:
            yield Block(block.start, [*carried, *block.comments], block.lines) if carried else block
            carried = []


def _check_cells(name: str, layout: _Layout, block: Block, rows: list[list[str]]) -> None:
    """Every token line has every column."""
    width = len(layout.columns)
    for step, row in enumerate(rows):
        if len(row) != width:
            raise _wrong_width(name, layout, block.start + step, block.lines[step], len(row))
        if "" in row:
            field = layout.columns[row.index("")]
            hint = _other_delimiter(layout.delimiter, block.lines[step])
            raise DataError("the cell is empty", file=name, line=block.start + step, field=field, hint=hint)


def _wrong_width(name: str, layout: _Layout, line: int, text: str, found: int) -> DataError:
    """The error for a line that has more or fewer columns than the first one."""
    width = len(layout.columns)
    if layout.indented and found > width:
        problem = f"its first cell is missing: the line begins with a blank, and line {line} has {found} columns"
        return DataError(problem, file=name, line=layout.line, hint=_NO_BLANK_TOKEN)
    hint = "Separate the columns by tabs where cells hold blanks." if layout.delimiter is None else None
    if layout.delimiter is None and found == width - 1:
        hint = f"Is a token missing, or is it a blank or a tab? {_NO_BLANK_TOKEN} {hint}"
    problem = f"expected {width} columns as on line {layout.line}, got {found}: {text!r}"
    return DataError(problem, file=name, line=line, hint=hint)


def _other_delimiter(delimiter: str | None, text: str) -> str | None:
    """What to say where a delimiter stands several times in a row."""
    run = re.search(f"(?:{re.escape(delimiter)})" + "{2,}", text) if delimiter else None
    return f"If '{run[0]}' separates the columns, say --delimiter '{run[0]}'." if run and delimiter != "\t" else None


def _counts(records: list[Record], column: str) -> bool:
    """Whether a column merely counts the tokens of every sequence, as the one before the words does in some
    files.
    """
    numbers = [record.values[column] for record in records]
    return any(len(cells) > 1 for cells in numbers) and all(
        cells == [str(step) for step in range(1, len(cells) + 1)] for cells in numbers
    )


def misread_tokens(lines: Sequence[str], width: int, delimiter: str) -> str | None:
    r"""Why the lines of a sequence would be read otherwise than as its tokens; None where they would not.

    Args:
        lines: a line per token.
        width: how many columns they have.
        delimiter: what separates these.

    Examples:
        >>> misread_tokens(["-DOCSTART-\tO"], 2, "\t"), misread_tokens(["-DOCSTART-\tO", "It\tO"], 2, "\t")
        ('a line -DOCSTART- alone would be read as the beginning of a document', None)
    """
    separates = None if delimiter == " " or (width == 1 and delimiter == "\t") else delimiter
    layout = _Layout(0, numbered(width), separates, commented=True)
    if layout.is_comment(lines[0]):
        return "a first token that begins with # would be read as a comment"
    if layout.is_document_line(lines[0], is_alone=len(lines) == 1):
        return "a line -DOCSTART- alone would be read as the beginning of a document"
    if any(len(layout.cells(text)) != width for text in lines):
        return "a blank in a token would separate columns, since there is but one"
    return None
