"""Reads tables with one row per series, whose columns are its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from seqwise.data.readers._numbers import advice, numbers, odd_number, refused
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import Source
from seqwise.data.records import Record
from seqwise.errors import ColumnError, ConfigError, DataError, did_you_mean, listed

__all__ = ["in_wide_form"]


def in_wide_form(source: Source, options: ReadOptions) -> Source:
    """The series of a table with one row per series, and one column per step in the order asked.

    Each record has `series`: float32 (time, 1), and every other column as it stands. Empty cells at the end of a row
    are padding.

    Raises:
        ConfigError: the files are no tables, or long form is asked for too.
        ColumnError: a step names no column.
    """
    if source.kind != "table":
        raise ConfigError(f"--steps reads tables with one row per series, not {source.format}")
    if options.long_form:
        raise ConfigError("--steps is for a row per series; --series-id, --time and --channels are for a row per step")
    steps = tuple(dict.fromkeys(name for given in options.steps or () for name in _matching(given, source)))
    others = tuple(name for name in source.columns if name not in steps)
    own = options.series_column
    if own in others:
        hint = "That name is for the numbers themselves: rename the column."
        raise ColumnError("the column cannot be kept", file=source.files[0], field=own, hint=hint)
    return replace(
        source,
        kind="series",
        columns=(own, *others),
        options=replace(source.options, steps=steps),
        notes=(*source.notes, f"{source.files[0]}: each row is a series of {len(steps)} steps, {_ends(steps)}"),
        records=lambda: _records(source, steps, others, options),
    )


def _ends(steps: Sequence[str]) -> str:
    return f"'{steps[0]}' to '{steps[-1]}'"


def _matching(given: str, source: Source) -> list[str]:
    """The columns that a name or a pattern stands for."""
    names = [given] if given in source.columns else [name for name in source.columns if fnmatchcase(name, given)]
    if not names:
        hint = did_you_mean(given, source.columns) or f"The columns are {listed(source.columns)}."
        raise ColumnError(f"there is no column '{given}' for --steps", file=source.files[0], hint=hint)
    return names


def _records(source: Source, steps: Sequence[str], others: Sequence[str], options: ReadOptions) -> Iterator[Record]:
    for record in source:
        cells = [record.values.get(name) for name in steps]
        series = numbers(cells)[:, None]
        if (odd := refused(series, [cells], options.gaps)).any():
            step = int(np.flatnonzero(odd)[0])
            place = record.place
            raise DataError(
                odd_number(cells[step]), file=place.file, line=place.line, field=steps[step], hint=advice(cells[step])
            )
        values = {name: record.values[name] for name in others if name in record.values}
        yield Record(record.place, {options.series_column: series, **values})
