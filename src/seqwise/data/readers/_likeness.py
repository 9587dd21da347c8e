"""Tells how a file is to be read by a model whose training files were read in a certain way."""

from __future__ import annotations

import codecs
import json
from collections.abc import Sequence

from seqwise.data.readers._fasttext import PREFIX
from seqwise.data.readers._formats import LOOK_BYTES, format_and_note, format_named
from seqwise.data.readers._inputs import Input, ending_of
from seqwise.data.readers._lines import GZIP_DAMAGE, damaged_gzip

__all__ = ["encoding_like", "format_like"]


def format_like(source: Input, trained: str | None, encoding: str, names: Sequence[str]) -> tuple[str, str | None]:
    """The format of an input, and what to say aloud about it.

    A file has the format that its ending or its content tells, else that of the training files. A stream has that
    of the training files, so that its first line can be answered before the second comes; unless the first line
    cannot be of it.

    Args:
        source: the input.
        trained: the format of the training files; None where nothing is known of it.
        encoding: of the input.
        names: the training files, whose endings mean their format here.

    Raises:
        DataError: the content is empty or compressed in an unknown way, or of no known form where `trained` is None.
    """
    if source.form is not None:
        return source.form, None
    trained = None if trained in ("folder", "parallel") else trained
    is_named = format_named(source.name) is not None
    if trained is not None and is_named and ending_of(source.name) in map(ending_of, names):
        return trained, None
    if trained is None or is_named or not source.live:
        return format_and_note(source, encoding, otherwise=trained)
    if _can_begin(trained, _first_line(source).decode(encoding, errors="replace")):
        return trained, None
    found, _ = format_and_note(source, encoding, otherwise=trained)
    return found, None if found == trained else f"the first line cannot be {trained}: read as {found}"


def encoding_like(source: Input, trained: str) -> str:
    """The encoding of the training files, or UTF-8 where the input is plainly that.

    Plain is what decodes as UTF-8 and not merely as ASCII, or what would have zero bytes in an encoding such as
    UTF-16 and has none.
    """
    if codecs.lookup(trained).name == "utf-8":
        return trained
    head = _first_line(source) if source.live else _head(source)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return trained
    is_wide = "\n".encode(trained) != b"\n"
    return "utf-8" if (b"\0" not in head if is_wide else not head.isascii()) else trained


def _can_begin(form: str, line: str) -> bool:
    """Whether a file of that format may begin with this line."""
    text = line.strip().removeprefix("\ufeff")
    if form == "parquet" or text.startswith("PAR1"):
        return form == "parquet" and text.startswith("PAR1")
    if form == "fasttext":
        return True
    if form == "jsonl":
        return text.startswith(("{", "["))
    if form == "ts":
        return text.startswith(("@", "#", "%"))
    if form in ("csv", "tsv") and text.startswith(PREFIX):
        return False
    try:
        return not isinstance(json.loads(text), dict)
    except ValueError:
        return True


def _first_line(source: Input) -> bytes:
    """The first line that is not blank, up to 64 KiB of it."""
    with source.open(look=True) as stream:
        try:
            while (line := stream.readline(LOOK_BYTES)) and not line.strip():
                pass
        except GZIP_DAMAGE as error:
            raise damaged_gzip(error, source.name) from None
        return line


def _head(source: Input) -> bytes:
    with source.open(look=True) as stream:
        try:
            return stream.read(LOOK_BYTES)
        except GZIP_DAMAGE as error:
            raise damaged_gzip(error, source.name) from None
