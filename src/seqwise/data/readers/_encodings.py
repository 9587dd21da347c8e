"""Tells how the bytes of a text file are encoded, and what to do about those that do not fit."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from seqwise.data.readers._inputs import Input
from seqwise.data.readers._limits import GZIP_DAMAGE, bounded_lines, short
from seqwise.errors import DataError, counted

__all__ = ["head_of", "is_one_byte_lf", "latin_1_note", "marked_encoding", "undecodable"]

_LOOK_BYTES = 1 << 16
_MARKS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_UNMARKED = {"utf-32-le": 4, "utf-32-be": 4, "utf-16-le": 2, "utf-16-be": 2}
_TOLD_BY = 1 << 12
"""Bytes by which an encoding without a byte-order mark is told."""

_FEWEST_ASCII = 0.02
_MOST_CONTROLS = 0.25
"""Fraction of the characters of UTF-8 that are controls; in UTF-16 and UTF-32 every second byte or more is a zero."""

_SPACES = "\t\n\r\f"
_CONTROLS = ("Cc", "Cn", "Co", "Cs")
_CP1252_ALONE = {*range(0x80, 0xA0)} - {0x81, 0x8D, 0x8F, 0x90, 0x9D}
"""Bytes that stand for quotation marks, dashes and the like on Windows, and for nothing that is seen in Latin-1."""

_CP1252_ONLY = re.compile(b"[" + re.escape(bytes(sorted(_CP1252_ALONE))) + b"]")

_DENSE = 0.5
"""Fraction of the bytes beyond ASCII that stand beside another one, above which a text is hardly in Latin letters."""

_SURVEYED = 1 << 27
"""Bytes of a file that are read again to say how many of its lines fit."""

_NAMED = 5


def is_one_byte_lf(encoding: str) -> bool:
    """Whether lines can be cut before they are decoded."""
    return "\n".encode(encoding) == b"\n"


def head_of(source: Input) -> bytes:
    """The beginning of an input: 64 KiB of a file, of a stream its first line."""
    with source.open(look=True) as stream, suppress(*GZIP_DAMAGE):
        return stream.readline(_LOOK_BYTES) if source.live else stream.read(_LOOK_BYTES)
    return b""


def marked_encoding(head: bytes, encoding: str) -> str:
    """The encoding that a text shows where UTF-8 is expected, else the one expected.

    A byte-order mark shows UTF-16 or UTF-32; without one the zero bytes of ASCII characters do.

    Examples:
        >>> marked_encoding("hi".encode("utf-16"), "utf-8"), marked_encoding(b"hi", "utf-8")
        ('utf-16', 'utf-8')
        >>> marked_encoding("text,label".encode("utf-16-le"), "utf-8")
        'utf-16-le'
    """
    if codecs.lookup(encoding).name != "utf-8":
        return encoding
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    return marked or _unmarked_encoding(head[:_TOLD_BY]) or encoding


def _unmarked_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 where the bytes are plain text in it, with line ends or mostly in ASCII."""
    if b"\0" not in head or len(head) < 4 or _is_utf_8(head):
        return None
    for name, width in _UNMARKED.items():
        whole = head + b"\0" * (-len(head) % width) if head.endswith(b"\n") else head
        text = codecs.getincrementaldecoder(name)("replace").decode(whole)
        ascii_count = sum(character.isascii() for character in text)
        fewest = _FEWEST_ASCII if "\n" in text or "\r" in text else _DENSE
        if ascii_count >= max(2, fewest * len(text)) and all(map(_is_in_texts, text)):
            return name
    return None


def _is_utf_8(head: bytes) -> bool:
    """Whether the bytes are text in UTF-8, of which few characters are controls: a stray zero byte, say."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return sum(not _is_in_texts(character) for character in text) < _MOST_CONTROLS * len(text)


def _is_in_texts(character: str) -> bool:
    if character in _SPACES:
        return True
    return character != "\ufffd" and unicodedata.category(character) not in _CONTROLS


def latin_1_note(source: Input, encoding: str) -> str | None:
    """What to say about a file that is read as Latin-1 and holds bytes that only Windows writes."""
    if source.live or codecs.lookup(encoding).name != "iso8859-1":
        return None
    with source.open(look=True) as stream, suppress(*GZIP_DAMAGE):
        for number, line in enumerate(bounded_lines(stream, source.name), 1):
            if odd := _CP1252_ONLY.search(line):
                sign = odd[0].decode("cp1252")
                return (
                    f"warning: line {number} has the byte {odd[0].hex()}, which is a control character in {encoding} "
                    f"and '{sign}' in cp1252: say --encoding cp1252 if the file comes from Windows"
                )
    return None


@dataclass
class _Survey:
    """How the lines of a file fit UTF-8.

    Attributes:
        lines: how many were read.
        beyond: how many of them are valid and hold more than ASCII.
        odd: the numbers of those that are not valid.
        bytes_beyond: the bytes beyond ASCII of these.
        dense: how many of these bytes stand beside another one.
    """

    lines: int = 0
    beyond: int = 0
    odd: list[int] = field(default_factory=list)
    bytes_beyond: set[int] = field(default_factory=set)
    dense: int = 0
    all_beyond: int = 0

    def add(self, line: bytes) -> None:
        self.lines += 1
        if line.isascii():
            return
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            self.odd.append(self.lines)
            self.bytes_beyond.update(byte for byte in line if byte > 0x7F)
            states = [False, *(byte > 0x7F for byte in line), False]
            for before, state, after in zip(states, states[1:], states[2:], strict=False):
                self.all_beyond += state
                self.dense += state and (before or after)
        else:
            self.beyond += 1

    @property
    def is_latin(self) -> bool:
        """Whether the odd lines look like text in Latin letters."""
        return self.dense <= _DENSE * self.all_beyond


def _surveyed(source: Input) -> _Survey | None:
    """How the lines of a file fit; None for a stream, which is not read twice, and for a large file."""
    if source.live:
        return None
    found, size = _Survey(), 0
    with source.open(look=True) as stream, suppress(*GZIP_DAMAGE):
        for line in bounded_lines(stream, source.name):
            size += len(line)
            if size > _SURVEYED:
                return None
            found.add(line)
    return found


def undecodable(error: UnicodeDecodeError, source: Input, line: int, encoding: str) -> DataError:
    """The error for bytes that are not text."""
    shown = " ".join(f"{byte:02x}" for byte in error.object[error.start : error.end][:4])
    if not is_one_byte_lf(encoding):
        hint = "Say how the file is written, for instance --encoding utf-8."
        return DataError(f"the bytes {shown} are not {encoding}", file=source.name, hint=hint)
    problem = f"byte {error.start + 1} of the line ({shown}) is not {encoding}"
    survey = _surveyed(source)
    hint = " ".join(_advice(bytes(error.object), survey or _alone(error.object), encoding, line))
    return DataError(problem, file=source.name, line=line, hint=hint)


def _alone(line: bytes) -> _Survey:
    """What one line tells where no more can be read."""
    found = _Survey()
    found.add(bytes(line))
    return found


def _advice(raw: bytes, survey: _Survey, encoding: str, line: int) -> Iterator[str]:
    """What to do about a line that does not fit, so that the lines that fit stay right."""
    if codecs.lookup(encoding).name != "utf-8":
        fits = survey.lines > 1 and not survey.odd
        yield "Every line is valid UTF-8: say --encoding utf-8." if fits else "Say how the file is written."
        return
    likely = "cp1252" if _CP1252_ALONE & survey.bytes_beyond else "latin-1"
    reads = f"line {line} reads '{_readable(raw, likely)}'"
    valid = f"{survey.lines - len(survey.odd):,} of {counted(survey.lines, 'line')} are valid UTF-8"
    if survey.beyond >= len(survey.odd):
        odd = "that line" if len(survey.odd) == 1 else "those lines"
        yield (
            f"{valid}, {survey.beyond:,} of them with characters beyond ASCII, so the file is UTF-8 but for "
            f"{_numbers(survey.odd)}. Write {odd} in UTF-8; another --encoding would garble the others."
        )
        if survey.is_latin:
            yield f"In {likely} {reads}."
    elif not survey.is_latin:
        yield "Say how the file is written, for instance --encoding cp1251, shift_jis, gbk or euc-kr."
    elif survey.beyond:
        yield f"{valid}, {survey.beyond:,} of them with characters beyond ASCII: the file mixes encodings."
        yield f"Write all lines in UTF-8; in {likely} {reads}."
    elif likely == "cp1252":
        yield f"Say how the file is written: --encoding cp1252 if it comes from Windows. With it {reads}."
    else:
        yield f"Say how the file is written, for instance --encoding latin-1. With it {reads}."


def _numbers(lines: list[int]) -> str:
    named = ", ".join(f"{number:,}" for number in lines[:_NAMED])
    more = f" and {len(lines) - _NAMED:,} more" if len(lines) > _NAMED else ""
    return f"line {named}" if len(lines) == 1 else f"lines {named}{more}"


def _readable(raw: bytes, encoding: str) -> str:
    return short(raw.decode(encoding, errors="replace").strip())
