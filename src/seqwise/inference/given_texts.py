"""Sources of plain texts, given on the command line or one per line of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from seqwise.data.lists import written_list
from seqwise.data.readers import ReadOptions, Source
from seqwise.data.records import Place, Record
from seqwise.data.spec import InputSpec
from seqwise.errors import ConfigError

__all__ = ["cut_texts", "texts_source"]


def texts_source(texts: Sequence[str], spec: InputSpec) -> Source:
    """A one-column table of the texts from the command line; see `cut_texts`.

    Raises:
        ConfigError: the model reads series.
    """
    rows = tuple(Record(Place("--text", number), {spec.column: text}) for number, text in enumerate(texts, 1))
    table = Source(("--text",), ReadOptions(format="csv"), "table", (spec.column,), (), None, lambda: iter(rows))
    return cut_texts(table, spec)


def cut_texts(source: Source, spec: InputSpec) -> Source:
    """The source, with texts split at whitespace if the model reads token lists.

    Raises:
        ConfigError: the model reads series.
    """
    if spec.is_series:
        raise ConfigError(f"{source.files[0]}: this model reads series of numbers, not texts; name a file of series")
    if spec.kind != "tokens":
        return source
    note = f"{source.files[0]}: the model reads tokens: each text is split at whitespace"

    def records() -> Iterator[Record]:
        for record in source:
            text = record.values[spec.column] or ""
            tokens = written_list(text)
            cell = text.split() if tokens is None else tokens
            yield Record(record.place, {**record.values, spec.column: cell})

    return replace(source, records=records, notes=(*source.notes, note))
