"""Opens files: finds the format, looks at each file once, and joins them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from seqwise.data.readers._conll import conll_part
from seqwise.data.readers._conllu import conllu_part
from seqwise.data.readers._formats import format_and_note
from seqwise.data.readers._inputs import Input, StreamInput, input_named
from seqwise.data.readers._jsonl import jsonl_part
from seqwise.data.readers._lines import GZIP_DAMAGE, damaged_gzip
from seqwise.data.readers._long import in_long_form
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import Part, Source, joined
from seqwise.data.readers._tables import csv_part, tsv_part
from seqwise.data.readers._ts import ts_part
from seqwise.errors import ConfigError, DataError

__all__ = ["format_of", "open_files", "read_stream"]


def open_files(paths: Sequence[str | Path], options: ReadOptions) -> Source:
    """The records of one or more files of the same form, one file after the other.

    The beginning of every file is looked at here, so that most mistakes are told before any reading.

    Args:
        paths: files as the user named them; `-` is standard input.
        options: how to read where the files do not say it.

    Returns:
        The records, which every `iter()` reads again, with the columns they have and notes worth saying
        aloud.

    Raises:
        DataError: a file is missing, empty, damaged or of unknown form, or the files differ in format or
            columns.
        ColumnError: an option names a column that is not there.
        ConfigError: no file is named, or the options do not fit the format.
    """
    if not paths:
        raise ConfigError("no file is named")
    return _opened([input_named(path) for path in paths], options)


def read_stream(stream: BinaryIO, name: str, options: ReadOptions) -> Source:
    """The records of a stream of bytes, read once and as they arrive.

    With a format given, no more is read in advance than the header and the first record, so that each line
    sent through a pipe can be answered; columns are then those of the first record. To tell the format, 64
    KiB are awaited (or the end), unless the first line begins with `{`.

    Args:
        stream: the bytes, plain or gzipped.
        name: what messages call it, such as `<stdin>`.
        options: how to read.

    Raises:
        DataError, ColumnError, ConfigError: as `open_files`.

    Example:
        >>> import io
        >>> stream = io.BytesIO(b'{"text": "good", "label": 1}')
        >>> source = read_stream(stream, "<stdin>", ReadOptions(format="jsonl"))
        >>> source.columns, [record.values["label"] for record in source]
        (('text', 'label'), [1])
    """
    return _opened([StreamInput(stream, name)], options)


def format_of(path: str | Path) -> str:
    """The format of a file, one of `FORMATS`: by its ending (without `.gz`), else by its content.

    Raises:
        DataError: the file is missing or empty, or neither its name nor its content tells the format.
    """
    return format_and_note(input_named(path), "utf-8")[0]


def _opened(inputs: Sequence[Input], options: ReadOptions) -> Source:
    """The inputs, looked at and joined."""
    for each in inputs:
        _refuse_empty(each)
    found = [(options.format, None) if options.format else format_and_note(each, options.encoding) for each in inputs]
    form = found[0][0]
    for each, (other, _) in zip(inputs, found, strict=True):
        if other != form:
            problem = f"the file is {other}, but '{inputs[0].name}' is {form}"
            hint = "Files read together must have one format; if they do, say --format."
            raise DataError(problem, file=each.name, hint=hint)
    _refuse_idle_options(options, form)
    parts = [
        replace(part, notes=(note, *part.notes)) if note else part
        for part, note in ((_PARTS[form](each, options), note) for each, (_, note) in zip(inputs, found, strict=True))
    ]
    source = joined(parts, form)
    return in_long_form(source, options) if options.long_form else source


def _refuse_empty(source: Input) -> None:
    with source.open(look=True) as stream:
        try:
            empty = not stream.read(1)
        except GZIP_DAMAGE as error:
            raise damaged_gzip(error, source.name) from None
    if empty:
        raise DataError("the file is empty", file=source.name)


def _refuse_idle_options(options: ReadOptions, form: str) -> None:
    """An option that this format has no use for is a mistake."""
    given = {
        "--delimiter": options.delimiter is not None,
        "--quote": options.quote is not None,
        "--no-header": not options.header,
        "--columns": options.columns is not None,
    }
    useful = {"csv": set(given), "tsv": set(given), "conll": {"--delimiter", "--columns"}}.get(form, set())
    idle = [flag for flag, is_given in given.items() if is_given and flag not in useful]
    if idle:
        raise ConfigError(f"{idle[0]} means nothing for files of format {form}")


def _parquet_part(source: Input, _options: ReadOptions) -> Part:
    """As `parquet_part`; pyarrow takes a while to load, and the other formats do not need it."""
    from seqwise.data.readers._parquet import parquet_part

    return parquet_part(source)


_PARTS: dict[str, Callable[[Input, ReadOptions], Part]] = {
    "csv": csv_part,
    "tsv": tsv_part,
    "jsonl": jsonl_part,
    "parquet": _parquet_part,
    "conll": conll_part,
    "conllu": conllu_part,
    "ts": ts_part,
}
