"""Joins several columns of text into one: the two texts of a pair, a title and what stands below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from seqwise.data.readers._source import Source
from seqwise.data.records import Record
from seqwise.errors import ColumnError, ConfigError, DataError, did_you_mean, listed

__all__ = ["with_joined_text"]

_BETWEEN = " | "


def with_joined_text(source: Source) -> Source:
    """The same records with one more column: the texts of `options.texts` with ` | ` between them.

    A text that is missing leaves its place empty; where all are missing the joined text is missing. The column is
    called as the texts, with ` + ` between their names.

    Raises:
        ConfigError: the records are no rows of a table.
        ColumnError: a text is not there, or a column is called as the joined one.
    """
    texts, own = source.options.texts, source.options.joined_column
    assert own is not None
    if source.kind != "table":
        raise ConfigError(f"several --text are joined in tables and JSON lines, not in {source.format}")
    for name in texts:
        if name not in source.columns:
            hint = f"{did_you_mean(name, source.columns)} The columns are {listed(source.columns)}.".strip()
            raise ColumnError(f"there is no column '{name}', which --text names", file=source.files[0], hint=hint)
    if own in source.columns:
        raise ColumnError("the joined texts are called so", file=source.files[0], field=own, hint="Rename the column.")
    return replace(source, columns=(*source.columns, own), records=lambda: _records(source, texts, own))


def _records(source: Source, texts: tuple[str, ...], own: str) -> Iterator[Record]:
    for record in source:
        cells = [_text(record, name) for name in texts]
        joined = None if all(cell is None for cell in cells) else _BETWEEN.join(cell or "" for cell in cells)
        yield Record(record.place, {**record.values, own: joined})


def _text(record: Record, name: str) -> str | None:
    cell: Any = record.values.get(name)
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, (int, float)):
        return str(cell)
    what = "a list" if isinstance(cell, list) else "an object"
    hint = "Only columns of text are joined."
    raise DataError(f"expected text, got {what}", file=record.place.file, line=record.place.line, field=name, hint=hint)
