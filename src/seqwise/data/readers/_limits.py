"""Limits the resources a file may use, and turns a library's exceptions into errors that name file and line.

The limits are far above what data need, and bound the time and memory that a broken or hostile file can take.
"""

from __future__ import annotations

import csv
import errno
import gzip
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from seqwise.data.records import Record
from seqwise.errors import DataError, SeqwiseError, counted

__all__ = ["GZIP_DAMAGE", "bounded_lines", "check_columns", "check_unpacked", "guarded", "guarding", "short"]

GZIP_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error)
"""The exceptions of Python for a truncated or damaged gzip stream."""

LONGEST_LINE = 1 << 28
"""Bytes of one line: 256 MiB, which is a series of ten million steps."""

MOST_COLUMNS = 20_000
"""Columns of a table, or keys of all objects: each is looked at by itself, which takes a millisecond."""

UNPACKED = 1 << 26
"""Bytes from which on the ratio of a gzip file is looked at."""

HIGHEST_RATIO = 400
"""How many times larger than packed data may be: text comes to 3 to 20, tables of zeros to 200; 1,032 is the most."""

_LIBRARIES = (
    ArithmeticError,  # a number out of range
    AssertionError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,  # with it UnicodeError, and what Arrow and JSON raise
    csv.Error,
    struct.error,
    zlib.error,
)
"""The exceptions that libraries raise for malformed data."""

_SPACE = re.compile(r"\s+")


def bounded_lines(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines of a stream, each with its line end.

    Raises:
        DataError: a line is longer than `LONGEST_LINE`.
    """
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            size = f"{LONGEST_LINE >> 20} MiB"
            hint = "Is this a text file? Its lines end in LF; what has no lines is read as Parquet."
            raise DataError(f"the line is longer than {size}", file=name, line=number, hint=hint)
        yield line


def check_columns(count: int, name: str) -> None:
    """Refuses a file of too many columns.

    Raises:
        DataError: there are more than `MOST_COLUMNS`.
    """
    if count > MOST_COLUMNS:
        problem = f"the file has {counted(count, 'column')}, and at most {MOST_COLUMNS:,} are read"
        hint = "A series of that many steps is read from .ts, lists in JSON Lines or Parquet, or in long form."
        raise DataError(problem, file=name, hint=hint)


def check_unpacked(plain: int, packed: int, name: str) -> None:
    """Refuses gzip data that are a bomb.

    Raises:
        DataError: a large file is more than `HIGHEST_RATIO` times as large as it is packed.
    """
    if plain > UNPACKED and plain > HIGHEST_RATIO * packed:
        problem = f"{packed:,} bytes of gzip unpack to more than {plain:,} bytes, a ratio that no real data reach"
        raise DataError(problem, file=name, hint="If they are right, unpack the file and give that.")


def guarded(records: Iterator[Record], name: str) -> Iterator[Record]:
    """The records; what a library raises between them becomes an error that names the place.

    Raises:
        DataError: reading failed in a way that no reader foresaw.
    """
    line = 0
    try:
        for record in records:
            line = record.place.line
            yield record
    except SeqwiseError:
        raise
    except _LIBRARIES as error:
        raise _as_data_error(error, name, line) from error


@contextmanager
def guarding(name: str) -> Iterator[None]:
    """The same for a look at the beginning of a file.

    Raises:
        DataError: looking failed in a way that no reader foresaw.
    """
    try:
        yield
    except SeqwiseError:
        raise
    except _LIBRARIES as error:
        raise _as_data_error(error, name, 0) from error


def _as_data_error(error: Exception, name: str, line: int) -> DataError:
    """A library's error as an error of the file, after the line of the last record that could be read."""
    where = f" after line {line}" if line else ""
    if isinstance(error, OSError) and error.strerror:
        room = "Temporary files need room: set TMPDIR to a folder that has it." if error.errno == errno.ENOSPC else None
        return DataError(f"the file cannot be read{where}: {error.strerror}", file=name, hint=room)
    problem = f"the file cannot be read{where}: {type(error).__name__}: {short(str(error), 200)}"
    return DataError(problem, file=name, hint="Is the file damaged, or of another format? Say --format.")


def short(value: Any, most: int = 60) -> str:
    r"""A value for a message: on one line, and of a long one the beginning.

    Examples:
        >>> short("a\n b"), short("x" * 5, most=3)
        ('a b', 'xxx...')
    """
    text = str(value) if isinstance(value, str) else repr(value)
    text = _SPACE.sub(" ", text[: most + 1])
    return text if len(text) <= most else f"{text[:most]}..."
