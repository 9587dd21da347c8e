"""Reads Parquet, some rows at a time."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from seqwise.data.readers._class_names import UnknownClassError, class_names, namers
from seqwise.data.readers._inputs import Input
from seqwise.data.readers._lines import GZIP_DAMAGE, damaged_gzip
from seqwise.data.readers._source import Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError, listed

__all__ = ["parquet_part"]

_ROWS_AT_A_TIME = 1024
_UNREADABLE = (pa.ArrowException, OSError)


def parquet_part(source: Input) -> Part:
    """A Parquet file. It has no lines: the line of a record's place is its row, counted from 1.

    Numbers, booleans, strings, lists and structs come as Python has them; dates, times, decimals and bytes as
    text. What stands at the end of a Parquet file is needed first: a gzipped one is unpacked into a temporary
    file, and a stream is held in memory as a whole. Classes that the schema names (Hugging Face's ClassLabel) come by
    their names. Where pages have checksums, these are checked.
    """
    with _opened(source, look=True) as file:
        names = file.schema_arrow.names
        rows = file.metadata.num_rows
        named = class_names(file.schema_arrow.metadata)
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f"the file names {listed(repeated)} more than once", file=source.name, hint="Rename the columns."
        )
    if rows == 0:
        raise DataError("the file has no rows", file=source.name)
    notes = [f"column '{name}': the schema names its classes {listed(own, 6)}" for name, own in named.items()]
    return Part(source.name, tuple(names), lambda: _records(source), notes=tuple(notes))


def _records(source: Input) -> Iterator[Record]:
    """One record per row."""
    row = 0
    with _opened(source) as file:
        by_column = namers(file.schema_arrow.metadata)
        try:
            for batch in _batches(file):
                names = batch.schema.names
                columns = [_values(source.name, name, column) for name, column in zip(names, batch, strict=True)]
                for place, name in enumerate(names):
                    if name in by_column:
                        columns[place] = _by_names(columns[place], by_column[name], Place(source.name, row + 1), name)
                for cells in zip(*columns, strict=True):
                    row += 1
                    yield Record(Place(source.name, row), dict(zip(names, cells, strict=True)))
        except _UNREADABLE as error:
            problem = f"the Parquet file is damaged after row {row}: {_first_line(error)}"
            raise DataError(problem, file=source.name, hint="Write or fetch the file again.") from error


def _by_names(cells: list[Any], namer: Callable[[Any], Any], first: Place, column: str) -> list[Any]:
    """The cells of a column with the names of their classes; `first` is the place of the first."""
    named = []
    for cell in cells:
        try:
            named.append(namer(cell))
        except UnknownClassError as error:
            line = first.line + len(named)
            raise DataError(str(error), file=first.file, line=line, field=column) from None
    return named


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """The rows of one row group after the other, so that damage in one spares those before it."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(batch_size=_ROWS_AT_A_TIME, row_groups=[group])


def _values(file: str, name: str, column: pa.Array) -> list[Any]:
    """A column's values in Python's own types."""
    kind = column.type
    is_text = pa.types.is_temporal(kind) or pa.types.is_decimal(kind)
    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    if is_text or is_bytes:
        try:
            column = column.cast(pa.string())
        except pa.ArrowInvalid:
            hint = "Write the column as a string."
            raise DataError("the column holds bytes that are not UTF-8", file=file, field=name, hint=hint) from None
    return cast(list[Any], column.to_pylist())


@contextmanager
def _opened(source: Input, *, look: bool = False) -> Iterator[pq.ParquetFile]:
    """The file, ready to be read at any position."""
    with ExitStack() as stack:
        stream = stack.enter_context(source.open(look=look))
        if not isinstance(getattr(stream, "raw", None), io.FileIO):
            stream = _unpacked(source.name, stream, stack)
        try:
            file = stack.enter_context(pq.ParquetFile(stream, page_checksum_verification=True))
        except _UNREADABLE as error:
            problem = f"cannot be read as Parquet: {_first_line(error)}"
            raise DataError(problem, file=source.name, hint="Write or fetch the file again.") from error
        yield file


def _unpacked(name: str, stream: BinaryIO, stack: ExitStack) -> BinaryIO:
    """The bytes of a stream in a temporary file."""
    room = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115 - the stack closes it
    try:
        shutil.copyfileobj(stream, room)
    except GZIP_DAMAGE as error:
        raise damaged_gzip(error, name) from None
    room.seek(0)
    return room


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".")
