"""Opens what the user named - a file, a pipe, standard input - as bytes, and undoes gzip."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from seqwise.data.readers._limits import check_unpacked
from seqwise.errors import DataError, did_you_mean

__all__ = ["FileInput", "Input", "StreamInput", "ending_of", "input_named", "shown_path"]

_GZIP_MAGIC = b"\x1f\x8b"
_BUFFER = 1 << 16


class Input(Protocol):
    """Something that can be opened as bytes.

    Attributes:
        name: what messages call it.
        live: whether it is a stream, of which no more is read in advance than is needed.
        form: the format of what is no single file; None where the name or the content tells it.
    """

    name: str
    live: bool
    form: str | None

    def open(self, *, look: bool = False) -> BinaryIO:
        """The plain bytes from the beginning; after a `look` they will be opened again."""
        ...


class FileInput:
    """A regular file, which can be opened any number of times."""

    live = False
    form: str | None = None

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name

    def open(self, *, look: bool = False) -> BinaryIO:  # noqa: ARG002 - a file is the same at every look
        """The file's bytes, unzipped when they begin as gzip does, whatever the file is called."""
        try:
            file = self.path.open("rb", buffering=_BUFFER)
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", file=self.name) from error
        if not cast(io.BufferedReader, file).peek(2).startswith(_GZIP_MAGIC):
            return file
        file.close()
        return _buffered(_Unpacked(gzip.open(self.path, "rb"), self.path.stat().st_size, self.name))


class _Unpacked(io.RawIOBase):
    """The plain bytes of a gzip file, as long as they are in proportion to the packed ones."""

    def __init__(self, plain: gzip.GzipFile, packed: int, name: str) -> None:
        self._plain = plain
        self._packed = packed
        self._name = name
        self._read = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = self._plain.readinto(buffer)
        self._read += size
        check_unpacked(self._read, self._packed, self._name)
        return size

    def close(self) -> None:
        self._plain.close()
        super().close()


class StreamInput:
    """A stream that can be read once, after any number of looks at its beginning.

    Bytes peeked from the stream are kept and returned again by the next peek and by the read.

    Args:
        stream: the bytes.
        name: what messages call it.
        owned: whether the stream is to be closed after the reading.
    """

    live = True
    form: str | None = None

    def __init__(self, stream: BinaryIO, name: str, *, owned: bool = False) -> None:
        self.name = name
        self._stream = stream
        self._owned = owned
        self._seen = bytearray()
        self._spent = False

    def open(self, *, look: bool = False) -> BinaryIO:
        """The stream's bytes from its beginning, unzipped when they begin as gzip does.

        Raises:
            DataError: the stream was opened before for more than a look.
        """
        if self._spent:
            raise DataError(
                "a stream can be read only once", file=self.name, hint="Save it to a file to read it twice."
            )
        while len(self._seen) < 2 and (more := self._stream.read(1)):
            self._seen += more
        self._spent = not look
        plain = _buffered(_Replay(self._stream, self._seen, keep=look, owned=self._owned))
        return _buffered(gzip.GzipFile(fileobj=plain)) if self._seen.startswith(_GZIP_MAGIC) else plain


class _Replay(io.RawIOBase):
    """The bytes already seen, then those still to come."""

    def __init__(self, stream: BinaryIO, seen: bytearray, *, keep: bool, owned: bool) -> None:
        self._stream = stream
        self._owned = owned and not keep
        self._seen = seen
        self._keep = keep
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._position < len(self._seen):
            data = bytes(self._seen[self._position : self._position + len(buffer)])
            self._position += len(data)
        else:
            data = self._arrived(len(buffer))
            if self._keep:
                self._seen += data
                self._position += len(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if self._owned:
            self._stream.close()
        super().close()

    def _arrived(self, most: int) -> bytes:
        """The bytes available now: a pipe may hold less than `most` for a long time."""
        read = getattr(self._stream, "read1", self._stream.read)
        return cast(bytes, read(most))


def input_named(path: str | Path) -> Input:
    """The input at a path; `-` is standard input.

    Raises:
        DataError: nothing stands there, or a folder does.
    """
    name = shown_path(path)
    if name == "-":
        return StreamInput(sys.stdin.buffer, "standard input")
    place = Path(path)
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        raise DataError("no such file", file=name, hint=_nearest(place)) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=name) from error
    if stat.S_ISDIR(mode):
        raise DataError("is a folder, not a file", file=name)
    if stat.S_ISREG(mode):
        return FileInput(place, name)
    return StreamInput(place.open("rb"), name, owned=True)


def shown_path(path: str | Path) -> str:
    """A path as messages show it: its name may be any bytes, and messages are text."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def ending_of(name: str) -> str:
    """The suffix of a file name in lower case, without the dot and ignoring `.gz`; empty where there is none.

    Examples:
        >>> ending_of("data/rows.CSV.gz"), ending_of("data/rows")
        ('csv', '')
    """
    _, dot, ending = Path(name.lower().removesuffix(".gz")).name.rpartition(".")
    return ending if dot else ""


def _nearest(path: Path) -> str | None:
    """The error message for a missing file."""
    folder = path.parent
    if not folder.is_dir():
        return f"The folder '{folder}' does not exist either."
    return did_you_mean(path.name, sorted(child.name for child in folder.iterdir())) or None


def _buffered(raw: io.RawIOBase | gzip.GzipFile) -> BinaryIO:
    """A buffer in front: lines are then cut in C, also those of a gzip file."""
    return io.BufferedReader(cast(io.RawIOBase, raw), _BUFFER)
