"""Tells the format of a file: by its ending, else by its content."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import groupby

from seqwise.data.readers._blocks import BLANKS
from seqwise.data.readers._encodings import head_of, marked_encoding
from seqwise.data.readers._fasttext import are_fasttext
from seqwise.data.readers._foreign import refuse_foreign
from seqwise.data.readers._inputs import Input, ending_of
from seqwise.data.readers._lines import GZIP_DAMAGE, are_cr_lines, damaged_gzip
from seqwise.data.readers._options import FORMATS
from seqwise.data.readers._separators import separator_line
from seqwise.data.readers._ucr import is_ucr
from seqwise.errors import DataError

__all__ = ["LOOK_BYTES", "TS_KEYS", "format_and_note", "format_named"]

LOOK_BYTES = 1 << 16
"""How much of an input is looked at."""

_ENDINGS = {
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "json": "jsonl",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "parquet": "parquet",
    "pq": "parquet",
    "conllu": "conllu",
    "ts": "ts",
    "ucr": "ucr",
    "ft": "fasttext",
    "fasttext": "fasttext",
    **dict.fromkeys(("conll", "conll2000", "conll2002", "conll2003", "conll03"), "conll"),
    **dict.fromkeys(("iob", "iob1", "iob2", "bio", "bioes", "iobes", "bilou", "bmes"), "conll"),
}
TS_KEYS = (
    "@problemname",
    "@timestamps",
    "@univariate",
    "@dimension",
    "@classlabel",
    "@equallength",
    "@data",
)
_CONLLU_LINE = re.compile(r"[0-9]+([-.][0-9]+)?(\t[^\t]+){9}")
_SAY = f"Say --format with one of {', '.join(each for each in FORMATS if each not in ('folder', 'parallel'))}."


def format_named(name: str) -> str | None:
    """The format that a file's ending stands for; None where it stands for none.

    Examples:
        >>> format_named("rows.tab"), format_named("rows.txt")
        ('tsv', None)
    """
    return _ENDINGS.get(ending_of(name))


def format_and_note(
    source: Input, encoding: str, *, otherwise: str | None = None, is_table: bool = False
) -> tuple[str, str | None]:
    """The format, and what to say aloud when it is not what the ending says.

    A `.tsv` file whose lines stand in blocks with blank lines between is read as CoNLL columns: a table has
    no such blocks.

    Args:
        source: the file.
        encoding: of its text.
        otherwise: the format of a file whose ending and content tell none.
        is_table: whether settings say that it is a table, though its lines hold nothing but numbers.

    Raises:
        DataError: the content is empty, or of no form that is known for sure.
    """
    if source.form is not None:
        return source.form, None
    named = format_named(source.name)
    if named not in (None, "csv", "tsv"):
        if not source.live:
            refuse_foreign(head_of(source), source.name)
        return str(named), None
    lines, cut = _first_lines(source, encoding)
    if not is_table and is_ucr(lines, cut=cut):
        return "ucr", f"each line is a label and the values of a series (else say --format {named or 'csv'})"
    if named is None:
        form = _sniffed(lines, cut=cut) or otherwise
        if form is None:
            raise DataError(
                "neither the file's name nor its content tells its format", file=source.name, hint=_likely_form(lines)
            )
        return form, None
    if named == "tsv" and _are_blocks(lines):
        return (
            "conll",
            "blank lines separate sequences: read as CoNLL columns (else say --format tsv)",
        )
    return named, None


def _likely_form(lines: Sequence[str]) -> str:
    """A hint for lines whose format is uncertain."""
    for sign in ("|", ";", ","):
        if _is_table(lines, sign, cut=False):
            return f"{_SAY} If '{sign}' separates its cells: --format csv --delimiter '{sign}'."
    rows = [BLANKS.split(line.strip(" \t")) for line in lines if line.strip()]
    if len(rows) > 2 and len(rows[0]) > 1 and {len(row) for row in rows} == {len(rows[0])}:
        return f"{_SAY} If each line is a token and its tags, write a blank line after each sequence (CoNLL)."
    return _SAY


def _first_lines(source: Input, encoding: str) -> tuple[list[str], bool]:
    """The first lines without their line ends, and whether there are more; a line cut in the middle is left out."""
    with source.open(look=True) as stream:
        try:
            head = stream.readline(LOOK_BYTES)
            if not head.lstrip().startswith(b"{"):
                head += stream.read(LOOK_BYTES)
        except GZIP_DAMAGE as error:
            raise damaged_gzip(error, source.name) from None
    if not head.strip():
        raise DataError("the file is empty", file=source.name)
    if head.startswith(b"PAR1"):
        return ["PAR1"], False
    refuse_foreign(head, source.name)
    text = head.decode(marked_encoding(head, encoding), errors="replace").removeprefix("\ufeff")
    lines = (text.replace("\r", "\n") if are_cr_lines(text) else text).split("\n")
    if not any(line.strip() for line in lines):
        raise DataError("the file is empty", file=source.name)
    cut = len(head) >= LOOK_BYTES and len(lines) > 2
    return [line.rstrip("\r") for line in (lines[:-1] if cut else lines)], cut


def _sniffed(lines: list[str], *, cut: bool) -> str | None:
    """The format that the first lines show, if they show one."""
    first = next(line for line in lines if line.strip())
    if (separator := separator_line(first)) is not None:
        return "tsv" if separator == "\t" else "csv"
    if first == "PAR1":
        return "parquet"
    if are_fasttext(lines):
        return "fasttext"
    if first.lstrip().startswith(("{", "[")):
        return "jsonl"
    told = next((line for line in lines if line.strip() and not line.startswith(("#", "%"))), "")
    if told.lower().startswith(TS_KEYS):
        return "ts"
    if _CONLLU_LINE.fullmatch(told):
        return "conllu"
    if _are_blocks(lines):
        return "conll"
    for delimiter in ("\t", ",", ";"):
        if _is_table(lines, delimiter, cut=cut):
            return "tsv" if delimiter == "\t" else "csv"
    return None


def _are_blocks(lines: Sequence[str]) -> bool:
    """Whether blank lines part the lines into blocks, all lines with the same number of columns, two or more.

    Some block has several lines: else it is a table written with a blank line after every row.
    """
    text = [line.strip(" \t") for line in lines if not line.startswith(("# ", "-DOCSTART-"))]
    sizes = [len(list(block)) for filled, block in groupby(text, key=bool) if filled]
    has_tabs = any("\t" in line for line in text)
    widths = {len(line.split("\t") if has_tabs else BLANKS.split(line)) for line in text if line}
    return len(sizes) > 1 and max(sizes) > 1 and len(widths) == 1 and widths.pop() > 1


def _is_table(lines: Sequence[str], delimiter: str, *, cut: bool) -> bool:
    """Whether all rows have as many cells as the header, two or more, or all have one more (row names)."""
    filled = [line for line in lines if line]
    if delimiter == "\t":
        widths = [len(line.split(delimiter)) for line in filled]
    else:
        try:
            widths = [len(row) for row in csv.reader((f"{line}\n" for line in filled), delimiter=delimiter)]
        except csv.Error:
            return False
    # A look that is cut may end inside a quoted cell of the last row.
    header, rows = widths[0], set(widths[1:-1] if cut else widths[1:])
    return header > 1 and rows in ({header}, {header + 1})
