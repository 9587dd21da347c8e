"""Reads delimited tables: CSV (RFC 4180) and TSV (IANA text/tab-separated-values)."""

from __future__ import annotations

import csv
import re
import shlex
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

from seqwise.data.readers._headers import FirstRow, first_row
from seqwise.data.readers._inputs import Input
from seqwise.data.readers._lines import numbered_lines
from seqwise.data.readers._options import ReadOptions, numbered, other_names
from seqwise.data.readers._separators import separator_line
from seqwise.data.readers._source import Part
from seqwise.data.records import Place, Record
from seqwise.errors import ConfigError, DataError, counted, listed

__all__ = ["csv_part", "tsv_part"]

ROW_NAMES = "row"
_LOOK = 200
_LONGEST_FIELD = 2**31 - 1
_LONGEST_SHOWN = 60
_ONE_LINE = "Its only line is taken for the header; if it is a row, say --no-header."
_LONGEST_HEADER = 100_000
_IN_QUOTES = re.compile(r'"[^"]*"')
_DECIMAL = re.compile(r"(?<=[0-9]),(?=[0-9])")

_Rows = Generator[tuple[int, list[str]], None, None]


@dataclass(frozen=True)
class _Dialect:
    """How cells are told apart.

    Attributes:
        delimiter: the character between them.
        quoted: whether quotation marks enclose cells.
        sniffed: whether the delimiter was found in the header.
        is_named: whether the first line of the file is no row, but names the delimiter.
        is_spaced: whether a blank stands behind every delimiter, which then belongs to it.
        is_padded: whether one stands before it too.
    """

    delimiter: str
    quoted: bool
    sniffed: bool = False
    is_named: bool = False
    is_spaced: bool = False
    is_padded: bool = False

    @property
    def spaces_note(self) -> str | None:
        """A note about blanks next to the delimiter."""
        where = "around" if self.is_padded else "behind"
        return f"blanks {where} {self.delimiter_name} are no part of the cells" if self.is_spaced else None

    @property
    def note(self) -> str | None:
        """The note for the user."""
        if self.is_named:
            return f"its first line names the separator of cells: {self.delimiter_name}"
        return (
            f"the header has no comma: cells are taken to be separated by {self.delimiter_name}"
            if self.sniffed
            else None
        )

    @property
    def delimiter_name(self) -> str:
        return "tab" if self.delimiter == "\t" else f"'{self.delimiter}'"


def csv_part(source: Input, options: ReadOptions) -> Part:
    """A comma-separated file; the delimiter is `;` or tab where the header has those and no comma."""
    quoted = options.quote is not False
    lines = _first_lines(source, options)
    if (dialect := _named_dialect(source, options, lines, quoted=quoted)) is not None:
        return _table(source, options, dialect)
    header = lines[0].rstrip("\n").partition("\r")[0][:_LONGEST_HEADER] if lines else ""
    return _table(source, options, _sniffed(header, quoted=quoted))


def tsv_part(source: Input, options: ReadOptions) -> Part:
    """A tab-separated file; quotation marks are data unless `quote` is True."""
    quoted = options.quote is True
    named = _named_dialect(source, options, _first_lines(source, options), quoted=quoted)
    return _table(source, options, named or _Dialect("\t", quoted))


def _first_lines(source: Input, options: ReadOptions) -> list[str]:
    """The first line that is not blank, if there is one."""
    with closing(numbered_lines(source, options.encoding, look=True)) as lines:
        return list(islice((line for _, line in lines if line.strip("\r\n")), 1))


def _named_dialect(source: Input, options: ReadOptions, lines: list[str], *, quoted: bool) -> _Dialect | None:
    """The delimiter that the file itself or the options name: Excel writes `sep=;` above the header.

    Raises:
        DataError: both name one, and they differ.
    """
    own = separator_line(lines[0]) if lines else None
    if own is None:
        return None if options.delimiter is None else _Dialect(options.delimiter, quoted)
    dialect = _Dialect(own, quoted, is_named=True)
    if options.delimiter not in (None, own):
        problem = f"the file says that {dialect.delimiter_name} separates its cells, but --delimiter says otherwise"
        hint = f"Leave --delimiter out, or say --delimiter {shlex.quote('tab' if own == chr(9) else own)}."
        raise DataError(problem, file=source.name, line=1, hint=hint)
    return dialect


def _table(source: Input, options: ReadOptions, dialect: _Dialect) -> Part:
    """Looks at the first line and some rows."""
    dialect = _with_spaces(source, options, dialect)
    with closing(_rows(source, options.encoding, dialect, look=True)) as rows:
        head = list(islice(rows, 2 if source.live else _LOOK))
    if not head:
        raise DataError("the file is empty", file=source.name)
    # Of a stream too few rows are seen in advance to tell.
    first = FirstRow() if source.live else first_row(head[0][1], [row for _, row in head[1:]])
    has_header = not first.is_data if options.header is None else options.header
    if has_header and len(head) == 1:
        hint = f"{_ONE_LINE} For a text per line say --format lines." if source.live else _ONE_LINE
        raise DataError("the file has a header and no rows", file=source.name, hint=hint)
    named = _named_by_header if has_header else _named_by_options
    columns, notes = named(source.name, options, head)
    below = [row for _, row in (head[1:] if has_header else head)]
    said = (
        first.note if options.header is None else None,
        dialect.note,
        dialect.spaces_note,
        _in_quotes(columns, below, dialect),
    )
    options = replace(options, header=has_header)
    return Part(
        source.name,
        columns,
        lambda: _records(source, options, dialect, columns),
        notes=(*notes, *filter(None, said)),
        header=has_header,
        first=first,
    )


def _in_quotes(columns: tuple[str, ...], rows: list[list[str]], dialect: _Dialect) -> str | None:
    """A note about columns whose every cell is in quotation marks, where these are literal."""
    if dialect.quoted or len(rows) < 2 or any(len(row) != len(columns) for row in rows):
        return None
    cells = zip(*rows, strict=True)
    odd = [
        name
        for name, column in zip(columns, cells, strict=True)
        if all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in column)
    ]
    if not odd:
        return None
    told = f"every cell of {listed(odd, 6)} is in quotation marks, which are literal here"
    return f"warning: {told}: say --quote if they are not"


def _with_spaces(source: Input, options: ReadOptions, dialect: _Dialect) -> _Dialect:
    """The dialect, with the blanks that stand beside every delimiter of the rows below the first line.

    Delimiters inside quotes are none, and of a stream too few rows are seen in advance to tell.
    """
    if source.live or not dialect.quoted or dialect.delimiter.isspace():
        return dialect
    with closing(numbered_lines(source, options.encoding, look=True)) as lines:
        head = [_IN_QUOTES.sub('""', line.rstrip("\r\n")) for _, line in islice(lines, _LOOK)]
    rows = [row.split(dialect.delimiter) for row in head[1:] if row.strip()]
    if len(rows) < 2 or any(len(row) < 2 or not all(cell.startswith(" ") for cell in row[1:]) for row in rows):
        return dialect
    is_padded = all(cell.endswith(" ") for row in rows for cell in row[:-1])
    return replace(dialect, is_spaced=True, is_padded=is_padded)


def _records(source: Input, options: ReadOptions, dialect: _Dialect, columns: tuple[str, ...]) -> Iterator[Record]:
    """One record per row, None for an empty cell; a blank line is nothing, or a row of a table of one column."""
    width = len(columns)
    rows = _rows(source, options.encoding, dialect, is_blank_kept=width == 1)
    header = [cell.strip() for cell in next(rows)[1]] if options.header else None
    for number, row in _with_empty_cells(rows) if width == 1 else rows:
        if len(row) != width:
            raise _wrong_width(Place(source.name, number), row, width, dialect, header=header is not None)
        if (
            header is not None
            and width > 1
            and row[0].strip() == header[0]
            and [cell.strip() for cell in row] == header
        ):
            raise _header_again(source.name, number)
        values = dict(zip(columns, [cell or None for cell in row], strict=True))
        yield Record(Place(source.name, number), values)


def _with_empty_cells(rows: _Rows) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table of one column, in which a blank line is an empty cell; those at the end are nothing."""
    blank: list[int] = []
    for number, row in rows:
        if not row:
            blank.append(number)
            continue
        yield from ((before, [""]) for before in blank)
        blank.clear()
        yield number, row


def _header_again(name: str, line: int) -> DataError:
    hint = "Remove this line: it would count as a row of data."
    return DataError("the header stands here again", file=name, line=line, hint=hint)


def _rows(source: Input, encoding: str, dialect: _Dialect, *, look: bool = False, is_blank_kept: bool = False) -> _Rows:
    """The rows with the number of their first line; blank lines above the first row are left out.

    Those below are left out, too, or rows without cells.
    """
    found = _all_rows(source, encoding, dialect, look=look)
    is_first = True
    for number, row in found:
        if row or (is_blank_kept and not is_first):
            is_first = False
            yield number, row


def _all_rows(source: Input, encoding: str, dialect: _Dialect, *, look: bool) -> _Rows:
    """The rows with the number of their first line; a blank line has no cells."""
    lines: Iterator[tuple[int, str]] = numbered_lines(source, encoding, look=look)
    if dialect.is_named:
        lines = ((number, "\n" if separator_line(line) and number == 1 else line) for number, line in lines)
    if dialect.quoted:
        return _quoted_rows(source.name, lines, dialect)
    return _plain_rows(lines, dialect.delimiter)


def _plain_rows(lines: Iterable[tuple[int, str]], delimiter: str) -> _Rows:
    """Rows of a file in which quotation marks are data."""
    for number, line in lines:
        text = line.rstrip("\r\n")
        yield number, text.split(delimiter) if text else []


def _quoted_rows(name: str, lines: Iterable[tuple[int, str]], dialect: _Dialect) -> _Rows:
    """Rows of a file in which quotation marks enclose cells."""
    if csv.field_size_limit() < _LONGEST_FIELD:
        # The limit belongs to the whole process, so it is only ever raised.
        csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(
        (line for _, line in lines), delimiter=dialect.delimiter, strict=True, skipinitialspace=dialect.is_spaced
    )
    start = 1
    try:
        for row in reader:
            yield start, [cell.rstrip(" ") for cell in row] if dialect.is_padded else row
            start = reader.line_num + 1
    except csv.Error as error:
        raise _broken_quoting(str(error), name, start, reader.line_num) from None


def _broken_quoting(complaint: str, name: str, start: int, line: int) -> DataError:
    """The error of Python's csv module in the words of the file."""
    data = "If quotation marks are data here, say --no-quote."
    if "end of data" in complaint:
        return DataError("a quote opened in this row is never closed", file=name, line=start, hint=data)
    if "new-line" in complaint:
        hint = "Save the file with LF or CR LF line ends."
        return DataError("a CR alone stands in the row", file=name, line=line, hint=hint)
    hint = f"A quotation mark inside a quoted cell is written twice. {data}"
    return DataError("text follows a closing quote", file=name, line=line, hint=hint)


def _sniffed(header: str, *, quoted: bool) -> _Dialect:
    """The delimiter that cuts a header: comma if it does, else `;`, else tab; a comma inside numbers cuts nothing."""
    for delimiter in (",", ";", "\t"):
        dialect = _Dialect(delimiter, quoted, sniffed=delimiter != ",")
        if delimiter == "," and any(sign in header for sign in ";\t") and "," not in _DECIMAL.sub("", header):
            continue
        cells = next(csv.reader([header], delimiter=delimiter), []) if quoted else header.split(delimiter)
        if len(cells) > 1:
            return dialect
    return _Dialect(",", quoted)


def _named_by_header(
    name: str, options: ReadOptions, head: list[tuple[int, list[str]]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Column names out of the first line, with what is odd about them."""
    if options.columns is not None:
        raise ConfigError("columns are named twice, by the header and by --columns: say --no-header or leave one")
    line, header = head[0]
    names = [cell.strip() for cell in header]
    notes: list[str] = []
    if _have_row_names(names, [row for _, row in head[1:]]):
        names.insert(0, ROW_NAMES)
        notes.append(f"header has one field fewer than the rows: the first column holds row names ('{ROW_NAMES}')")
    elif not names[0] and ROW_NAMES not in names:
        names[0] = ROW_NAMES
        notes.append(f"the first column has no name: it is taken for row names ('{ROW_NAMES}')")
    names = [cell or f"column{number}" for number, cell in enumerate(names, 1)]
    repeated = [cell for cell, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f"the header names {listed(repeated)} more than once",
            file=name,
            line=line,
            hint="Rename the columns; if the first line is data, say --no-header.",
        )
    return tuple(names), tuple(notes)


def _have_row_names(names: list[str], rows: list[list[str]]) -> bool:
    """Whether every row certainly begins with a name that the header leaves out, as R writes numbers of rows.

    A comma in a text gives a row one field more too, so anything but distinct numbers is not taken for names.
    """
    if len(names) < 2 or len(rows) < 2 or ROW_NAMES in names or any(len(row) != len(names) + 1 for row in rows):
        return False
    return all(row[0].isdecimal() for row in rows) and len({row[0] for row in rows}) == len(rows)


def _named_by_options(
    name: str, options: ReadOptions, head: list[tuple[int, list[str]]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Column names for a table without a header: those given, else column1, column2, ..."""
    line, cells = head[0]
    columns = options.names_of(len(cells))
    if columns is None and options.columns is not None:
        problem = f"{len(options.columns)} columns are named, but the row has {counted(len(cells), 'field')}"
        raise DataError(problem, file=name, line=line, hint=other_names(options))
    return columns or numbered(len(cells)), ()


def _wrong_width(place: Place, row: list[str], width: int, dialect: _Dialect, *, header: bool) -> DataError:
    """The error for a row with too many or too few cells."""
    quotes = any('"' in cell for cell in row)
    hint = None
    if len(row) > width and dialect.quoted:
        hint = f"A cell that holds {dialect.delimiter_name} must stand in quotes{_quoted_line(row, width, dialect)}."
        if header and width > 1 and len(row) == width + 1:
            hint += " If the first column holds names of rows, name it in the header too."
    elif len(row) < width and not quotes:
        hint = f"An empty cell has its {dialect.delimiter_name} too: write every row with {width - 1} of them."
    elif quotes and dialect.quoted:
        hint = "If quotation marks are data here, say --no-quote."
    elif quotes:
        hint = "Quotation marks are data here; if they enclose cells, say --quote."
    told = "as the header has" if header else "as the first row has"
    problem = f"expected {counted(width, 'field')} {told}, got {len(row)}"
    return DataError(problem, file=place.file, line=place.line, hint=hint)


def _quoted_line(row: list[str], width: int, dialect: _Dialect) -> str:
    """How the row of a table with one column is written, where it is short."""
    line = dialect.delimiter.join(row)
    quoted = line.replace('"', '""')
    return f': "{quoted}"' if width == 1 and len(line) <= _LONGEST_SHOWN else ""
