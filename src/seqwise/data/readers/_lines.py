"""Cuts an input into numbered lines of text."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import BinaryIO

from seqwise.data.readers._inputs import Input
from seqwise.data.readers._limits import bounded_lines
from seqwise.errors import DataError

__all__ = ["GZIP_DAMAGE", "Lines", "damaged_gzip", "marked_encoding", "numbered_lines"]

GZIP_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error)
"""What Python raises at a gzip stream that is cut or damaged."""

Lines = Generator[tuple[int, str], None, None]
"""Numbered lines, to be closed by whoever does not read them to the end."""

_ENCODINGS = "Say how the file is written, for instance --encoding utf-8."
_MARKS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CP1252_ALONE = {*range(0x80, 0xA0)} - {0x81, 0x8D, 0x8F, 0x90, 0x9D}
"""Bytes that stand for quotation marks, dashes and the like on Windows, and for nothing that is seen in Latin-1."""


def numbered_lines(source: Input, encoding: str, *, look: bool = False) -> Lines:
    r"""The lines with their numbers, counted from 1, each with its own line end.

    Only LF ends a line (and CR LF, which ends in LF): other signs that Unicode calls line breaks are data. A
    byte-order mark at the beginning is left out; one of UTF-16 or UTF-32 says that the text is written so, where
    `encoding` is UTF-8.

    Raises:
        DataError: bytes that are not text in this encoding (with line, byte and bytes), or a damaged gzip
            stream.
    """
    number = 0
    if codecs.lookup(encoding).name == "utf-8":
        with source.open(look=True) as stream, suppress(*GZIP_DAMAGE):
            encoding = marked_encoding(stream.read(4), encoding)
    with source.open(look=look) as stream:
        try:
            for number, line in enumerate(_decoded(stream, encoding, source.name), 1):
                yield number, line.removeprefix("\ufeff") if number == 1 else line
        except UnicodeDecodeError as error:
            raise _undecodable(error, source.name, number + 1, encoding) from None
        except UnicodeError:  # UTF-16 and UTF-32 at a text without a byte-order mark
            problem = f"the text does not begin with a byte-order mark, as {encoding} does"
            raise DataError(problem, file=source.name, hint=_ENCODINGS) from None
        except GZIP_DAMAGE as error:
            raise damaged_gzip(error, source.name, number + 1) from None


def marked_encoding(head: bytes, encoding: str) -> str:
    """The encoding that the byte-order mark of a text names where UTF-8 is expected, else the one expected.

    Example:
        >>> marked_encoding("hi".encode("utf-16"), "utf-8"), marked_encoding(b"hi", "utf-8")
        ('utf-16', 'utf-8')
    """
    if codecs.lookup(encoding).name != "utf-8":
        return encoding
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), encoding)


def damaged_gzip(error: Exception, name: str, line: int | None = None) -> DataError:
    """The error for a gzip stream that ends early or does not match its checksum."""
    cut = isinstance(error, EOFError)
    problem = "the gzip data end too early" if cut else f"the gzip data are damaged ({error})"
    return DataError(problem, file=name, line=line, hint="Fetch or compress the file again.")


def _decoded(stream: BinaryIO, encoding: str, name: str) -> Iterator[str]:
    """The lines as text: cut as bytes where LF is one byte, which alone tells the byte of an error."""
    if "\n".encode(encoding) == b"\n":
        for raw in bounded_lines(stream, name):
            yield raw.decode(encoding)
    else:
        with io.TextIOWrapper(stream, encoding=encoding, newline="\n") as text:
            yield from text


def _undecodable(error: UnicodeDecodeError, name: str, line: int, encoding: str) -> DataError:
    """The error for bytes that are not text."""
    shown = " ".join(f"{byte:02x}" for byte in error.object[error.start : error.end][:4])
    if "\n".encode(encoding) != b"\n":
        return DataError(f"the bytes {shown} are not {encoding}", file=name, hint=_ENCODINGS)
    problem = f"byte {error.start + 1} of the line ({shown}) is not {encoding}"
    hint = "Say how the file is written, for instance --encoding latin-1."
    if _CP1252_ALONE.intersection(error.object[error.start : error.end]):
        hint = "Say how the file is written: --encoding cp1252 if it comes from Windows."
    return DataError(problem, file=name, line=line, hint=hint)
