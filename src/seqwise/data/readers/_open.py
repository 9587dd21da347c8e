"""Opens files: finds the format, looks at each file once, and joins them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from seqwise.data.readers._conll import conll_part
from seqwise.data.readers._conllu import conllu_part
from seqwise.data.readers._encodings import latin_1_note
from seqwise.data.readers._fasttext import fasttext_part
from seqwise.data.readers._folders import FolderInput, folder_part
from seqwise.data.readers._formats import format_and_note, format_named
from seqwise.data.readers._given import input_given, refuse_one_class
from seqwise.data.readers._inputs import Input, StreamInput
from seqwise.data.readers._joins import with_joined_text
from seqwise.data.readers._jsonl import jsonl_part
from seqwise.data.readers._likeness import encoding_like, format_like
from seqwise.data.readers._limits import guarding
from seqwise.data.readers._lines import GZIP_DAMAGE, damaged_gzip
from seqwise.data.readers._long import in_long_form
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._parallel import ParallelInput, parallel_part
from seqwise.data.readers._plain_lines import PlainText, begins_with_comment, is_plain_text, lines_part
from seqwise.data.readers._sequences import in_sequences, sequence_ids_of
from seqwise.data.readers._source import Part, Source, joined
from seqwise.data.readers._tables import csv_part, tsv_part
from seqwise.data.readers._ts import ts_part
from seqwise.data.readers._ucr import ucr_part
from seqwise.data.readers._wide import in_wide_form
from seqwise.errors import ConfigError, DataError

__all__ = ["format_of", "open_files", "open_like", "read_stream"]


def open_files(paths: Sequence[str | Path], options: ReadOptions, *, before: ReadOptions | None = None) -> Source:
    """The records of one or more files of the same form, one file after the other.

    The beginning of every file is looked at here, so that most mistakes are told before any reading.

    Args:
        paths: files as the user named them; `-` is standard input.
        options: how to read where the files do not say it.
        before: how files were read that these go with: what was found there decides where these leave it open.

    Returns:
        The records, which every `iter()` reads again, with the columns they have and notes worth saying
        aloud.

    Raises:
        DataError: a file is missing, empty, damaged or of unknown form, or the files differ in format or
            columns.
        ColumnError: an option names a column that is not there.
        ConfigError: no file is named, or the options do not fit the format.
    """
    inputs = _inputs(paths, unlabelled=options.format == "folder" or before is not None)
    if before is None and options.format in (None, "folder"):
        refuse_one_class(inputs)
    header = None if before is None else before.header
    if before is not None and options.annotations is None:
        options = replace(options, annotations=before.annotations)
    if before is not None and before.comments:
        options = replace(options, comments=True)
    if before is not None and options.sequence_id is None:
        options = replace(options, sequence_id=before.sequence_id or "none")
    return _joined(inputs, [_format(each, options) for each in inputs], options, header)


def open_like(
    paths: Sequence[str | Path],
    trained: ReadOptions,
    given: Mapping[str, Any] | None = None,
    names: Sequence[str] = (),
    plain: PlainText | None = None,
) -> Source:
    """The records of files for a trained model: read as its training files were, if they have the same format.

    A file of another format is read by the rules of that one. A stream is taken to have the format of the training
    files if its first line can be of it. A file that is plainly UTF-8 is read so, whatever the training files were.

    Args:
        paths: files as the user named them; `-` is standard input.
        trained: how the training files were read, with their format.
        given: what the user says of these files, by the names of `ReadOptions`; it overrules everything else.
        names: the training files; a file with an ending of theirs has their format.
        plain: what the model reads, where lines of plain text are read too: a stream, or a file without a known ending.

    Raises:
        DataError, ColumnError, ConfigError: as `open_files`.
    """
    given = given or {}
    inputs = _inputs(paths, unlabelled="folder" in (given.get("format"), trained.format))
    encoding = given.get("encoding") or encoding_like(inputs[0], trained.encoding)
    if (form := given.get("format")) is not None:
        formats: list[tuple[str, str | None]] = [(form, None)] * len(inputs)
    else:
        formats = [
            ("lines", f"no header names the column '{plain.column}': every line is read as one text")
            if plain is not None and _is_plain(each, encoding, trained, given, plain)
            else format_like(each, trained.format, encoding, names)
            for each in inputs
        ]
        form = formats[0][0]
    options = trained if form == trained.format else ReadOptions(texts=trained.texts)
    is_alike = form == trained.format or form in ("csv", "tsv")
    options = replace(options, sequence_id=(trained.sequence_id if is_alike else None) or "none")
    if form == "conll" and plain is not None and begins_with_comment(inputs[0], encoding, trained, plain):
        options = replace(options, comments=True)
    if form in ("lines", "folder") and plain is not None:
        options = ReadOptions(columns=(plain.column,))
    if given.get("header"):
        options = replace(options, columns=None, unlabelled_columns=())
    header, options = options.header, replace(options, header=None)
    source = _joined(inputs, formats, replace(options, **{**given, "format": form, "encoding": encoding}), header)
    if encoding in (given.get("encoding"), trained.encoding):
        return source
    note = f"{source.files[0]}: read as {encoding}, though the training files are {trained.encoding}"
    return replace(source, notes=(*source.notes, note))


def _is_plain(source: Input, encoding: str, trained: ReadOptions, given: Mapping[str, Any], plain: PlainText) -> bool:
    """Whether it is lines of text, where neither its name nor a flag says what it is."""
    if source.form is not None or format_named(source.name) is not None or given.keys() - {"encoding"}:
        return False
    return is_plain_text(source, encoding, trained, plain)


def read_stream(stream: BinaryIO, name: str, options: ReadOptions) -> Source:
    """The records of a stream of bytes, read once and as they arrive.

    With a format given, no more is read in advance than the header and the first record, so that each line
    sent through a pipe can be answered; columns are then those of the first record. To tell the format, 64
    KiB are awaited (or the end), unless the first line begins with `{`.

    Args:
        stream: the bytes, plain or gzipped.
        name: what messages call it, such as `standard input`.
        options: how to read.

    Raises:
        DataError, ColumnError, ConfigError: as `open_files`.

    Examples:
        >>> import io
        >>> stream = io.BytesIO(b'{"text": "good", "label": 1}')
        >>> source = read_stream(stream, "<stdin>", ReadOptions(format="jsonl"))
        >>> source.columns, [record.values["label"] for record in source]
        (('text', 'label'), [1])
    """
    source = StreamInput(stream, name)
    _refuse_empty(source)
    return _joined([source], [_format(source, options)], options)


def format_of(path: str | Path) -> str:
    """The format of a file, one of `FORMATS`: by its ending (without `.gz`), else by its content.

    Raises:
        DataError: the file is missing or empty, or neither its name nor its content tells the format.
    """
    return format_and_note(input_given(path), "utf-8")[0]


def _inputs(paths: Sequence[str | Path], *, unlabelled: bool) -> list[Input]:
    if not paths:
        raise ConfigError("no file is named")
    inputs = [input_given(path, unlabelled=unlabelled) for path in paths]
    for each in inputs:
        if each.form is None:
            _refuse_empty(each)
    return inputs


def _format(source: Input, options: ReadOptions) -> tuple[str, str | None]:
    """The format of an input, and what to say aloud about it."""
    if options.format:
        return options.format, None
    is_table = options.columns is not None or options.header is True or options.long_form
    return format_and_note(source, options.encoding, is_table=is_table)


def _joined(
    inputs: Sequence[Input], formats: Sequence[tuple[str, str | None]], options: ReadOptions, header: bool | None = None
) -> Source:
    """The inputs, looked at and joined.

    Args:
        inputs: the files.
        formats: the format of each, and what to say aloud about it.
        options: how to read.
        header: whether the files read before these have a header, where `options` leave it open.
    """
    form = formats[0][0]
    for each, (other, _) in zip(inputs, formats, strict=True):
        if other != form:
            problem = f"the file is {other}, but '{inputs[0].name}' is {form}"
            hint = "Files read together must have one format; if they do, say --format."
            raise DataError(problem, file=each.name, hint=hint)
        if each.form != (form if form in ("folder", "parallel") else None):
            what = {"folder": "a folder", "parallel": "several files"}
            problem = f"it is {what.get(each.form or '', 'a file')}, not {what.get(form, form)}"
            raise DataError(problem, file=each.name, hint="Leave --format out, or say another.")
    _refuse_idle_options(options, form)
    parts: list[Part] = []
    for each, (_, note) in zip(inputs, formats, strict=True):
        with guarding(each.name):
            part = _part(each, form, options, header)
        header = part.header
        if options.annotations is None and part.annotations is not None:
            options = replace(options, annotations=part.annotations)
        if part.comments:
            options = replace(options, comments=True)
        told = (note, *part.notes, None if form == "parquet" else latin_1_note(each, options.encoding))
        parts.append(replace(part, notes=tuple(filter(None, told))))
    source = joined(parts, replace(options, format=form, header=header))
    source = replace(source, is_replayable=not any(each.live for each in inputs))
    if options.steps:
        source = in_wide_form(source, options)
    elif options.long_form:
        source = in_long_form(source, options, is_live=any(each.live for each in inputs))
    elif options.sequence_id is not None or not any(each.live for each in inputs):
        sequence_ids = sequence_ids_of(source)
        if sequence_ids:
            source = in_sequences(source, sequence_ids, is_found=options.sequence_id is None)
    return with_joined_text(source) if options.texts else source


def _part(source: Input, form: str, options: ReadOptions, header: bool | None) -> Part:
    """One file; where it is left open whether it has a header, it has one if the files before it have.

    Raises:
        DataError: it certainly has a header and they have none, or the other way round.
    """
    if options.header is not None or header is None:
        return _PARTS[form](source, options)
    part = _PARTS[form](source, replace(options, header=header))
    if part.first.is_sure and part.first.is_data is header:
        here, before = ("is data", "names columns") if header else ("names columns", "is data")
        problem = f"the first line {here}, but that of the files read before it {before}"
        hint = "Write the files alike, or say --header or --no-header where they are."
        raise DataError(problem, file=source.name, line=1, hint=hint)
    return part


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
        "--header": options.header is True,
        "--no-header": options.header is False,
        "--columns": options.columns is not None,
    }
    useful = {
        "csv": set(given),
        "tsv": set(given),
        "conll": {"--delimiter", "--columns", "--no-header"},
        "ucr": {"--delimiter", "--no-header"},
        "lines": {"--columns"},
        "folder": {"--columns"},
    }.get(form, set())
    idle = [flag for flag, is_given in given.items() if is_given and flag not in useful]
    if idle:
        raise ConfigError(f"{idle[0]} means nothing for files of format {form}")
    if options.delimiter is not None and len(options.delimiter) > 1 and form != "conll":
        raise ConfigError(f"delimiter must be one character or 'tab' for {form}, got '{options.delimiter}'")


def _parquet_part(source: Input, _options: ReadOptions) -> Part:
    """As `parquet_part`; pyarrow takes a while to load, and the other formats do not need it."""
    from seqwise.data.readers._parquet import parquet_part

    return parquet_part(source)


def _folder_part(source: Input, options: ReadOptions) -> Part:
    assert isinstance(source, FolderInput)
    return folder_part(source, options)


def _parallel_part(source: Input, options: ReadOptions) -> Part:
    assert isinstance(source, ParallelInput)
    return parallel_part(source, options)


_PARTS: dict[str, Callable[[Input, ReadOptions], Part]] = {
    "csv": csv_part,
    "tsv": tsv_part,
    "jsonl": jsonl_part,
    "parquet": _parquet_part,
    "conll": conll_part,
    "conllu": conllu_part,
    "ts": ts_part,
    "ucr": ucr_part,
    "lines": lines_part,
    "fasttext": fasttext_part,
    "folder": _folder_part,
    "parallel": _parallel_part,
}
