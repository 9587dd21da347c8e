"""Cuts an input into numbered lines of text."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Generator, Iterator
from typing import BinaryIO, cast

from seqwise.data.readers._encodings import head_of, is_one_byte_lf, marked_encoding, undecodable
from seqwise.data.readers._inputs import Input
from seqwise.data.readers._limits import GZIP_DAMAGE, bounded_lines
from seqwise.errors import DataError

__all__ = [
    "GZIP_DAMAGE",
    "Lines",
    "are_cr_lines",
    "damaged_gzip",
    "marked_encoding",
    "numbered_lines",
    "unbroken_lines",
]

Lines = Generator[tuple[int, str], None, None]
"""Numbered lines, to be closed by whoever does not read them to the end."""

_CHUNK = 1 << 16


def numbered_lines(source: Input, encoding: str, *, look: bool = False) -> Lines:
    r"""The lines with their numbers, counted from 1, each with its own line end.

    LF ends a line (and CR LF, which ends in LF): other line breaks of Unicode are data. In a text that begins
    with 64 KiB without any LF, CR ends a line too, and all line ends come as LF. A byte-order mark at the
    beginning is left out; where `encoding` is UTF-8, UTF-16 and UTF-32 are told by it or by their zero bytes.

    Raises:
        DataError: bytes that are not text in this encoding (with line, byte and bytes), a line that is too long, or a
            damaged gzip stream.
    """
    number = 0
    head = head_of(source)
    encoding = marked_encoding(head, encoding)
    is_cr = are_cr_lines(head.decode(encoding, errors="replace"))
    with source.open(look=look) as stream:
        try:
            for number, line in enumerate(_decoded(stream, encoding, source.name, is_cr=is_cr), 1):
                yield number, line.removeprefix("\ufeff") if number == 1 else line
        except UnicodeDecodeError as error:
            raise undecodable(error, source, number + 1, encoding) from None
        except UnicodeError:  # UTF-16 and UTF-32 at a text without a byte-order mark
            problem = f"the text does not begin with a byte-order mark, as {encoding} does"
            hint = "Say how the file is written, for instance --encoding utf-8."
            raise DataError(problem, file=source.name, hint=hint) from None
        except GZIP_DAMAGE as error:
            raise damaged_gzip(error, source.name, number + 1) from None


def unbroken_lines(source: Input, encoding: str, *, look: bool = False) -> Lines:
    """The same of a format in which no cell can hold a CR: one inside a line is a line end that others lack.

    Raises:
        DataError: as `numbered_lines`, or such a line.
    """
    for number, line in numbered_lines(source, encoding, look=look):
        if "\r" in line and "\r" in line.rstrip("\r\n"):
            hint = "Save the file with LF or CR LF line ends."
            raise DataError("a CR alone stands in the line", file=source.name, line=number, hint=hint)
        yield number, line


def are_cr_lines(beginning: str) -> bool:
    r"""Whether CR ends the lines of a text, as on a Mac of the last century: it has no LF.

    Examples:
        >>> are_cr_lines("a\rb"), are_cr_lines("a\rb\n"), are_cr_lines("a\r")
        (True, False, False)
    """
    return "\n" not in beginning and "\r" in beginning[:-1]


def damaged_gzip(error: Exception, name: str, line: int | None = None) -> DataError:
    """The error for a gzip stream that ends early or does not match its checksum."""
    cut = isinstance(error, EOFError)
    problem = "the gzip data end too early" if cut else f"the gzip data are damaged ({error})"
    return DataError(problem, file=name, line=line, hint="Fetch or compress the file again.")


def _decoded(stream: BinaryIO, encoding: str, name: str, *, is_cr: bool) -> Iterator[str]:
    """The lines as text, cut as bytes, which tells the byte of an error.

    Where LF is no single byte, the text is written in UTF-8 first: the same bounds then hold for every encoding.
    """
    if not is_one_byte_lf(encoding):
        decoder = codecs.getincrementaldecoder(encoding)()
        stream = _rewritten(stream, lambda chunk: decoder.decode(chunk, final=not chunk).encode())
        encoding = "utf-8"
    if is_cr:
        ends = io.IncrementalNewlineDecoder(None, translate=True)
        stream = _rewritten(
            stream, lambda chunk: ends.decode(chunk.decode("latin-1"), final=not chunk).encode("latin-1")
        )
    for raw in bounded_lines(stream, name):
        yield raw.decode(encoding)


def _rewritten(stream: BinaryIO, rewrite: Callable[[bytes], bytes]) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Rewritten(stream, rewrite), _CHUNK))


class _Rewritten(io.RawIOBase):
    """The bytes of a stream as a function rewrites them, chunk by chunk; an empty chunk is the end."""

    def __init__(self, stream: BinaryIO, rewrite: Callable[[bytes], bytes]) -> None:
        self._read = getattr(stream, "read1", stream.read)
        self._rewrite = rewrite
        self._ready = b""
        self._is_over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready and not self._is_over:
            chunk = self._read(_CHUNK)
            self._is_over = not chunk
            self._ready = self._rewrite(chunk)
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size
