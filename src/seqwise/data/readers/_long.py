"""Reads tables in long form: one row per step, one record per series."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import groupby, islice
from typing import Any

import numpy as np

from seqwise.data.readers._numbers import advice, numbers, odd_number, refused
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import Source
from seqwise.data.records import Place, Record
from seqwise.errors import ColumnError, ConfigError, DataError, did_you_mean, listed

__all__ = ["in_long_form"]

_LOOK_ROWS = 20_000
"""How many rows are looked at for series whose rows do not stand together."""

_LOOK_TIMES = 200_000
"""How many rows are looked at for times that stand twice in one series."""


@dataclass(frozen=True)
class _Form:
    """Which columns mean what; `others` are kept beside the series."""

    series_id: str | None
    time: str | None
    channels: tuple[str, ...]
    others: tuple[str, ...]
    gaps: str
    is_interleaved: bool = False


def in_long_form(source: Source, options: ReadOptions, *, is_live: bool = False) -> Source:
    """The series of a table with one row per step.

    The rows with one id in one file form a series; without `series_id` every file is one series. With `time` the
    rows of a series are put in order of time, else they stay as they stand. Each record has

    * `series` (`numbers` where id or time are called so): float32 (time, channels), the channels in the order asked;
    * the id's column: the id;
    * the time's column: a list with one item per step, in order;
    * every other column: its value where it is the same at every step, else a list with one item per step.

    One series is in memory at a time, and the ids of those before it; where the rows of several series alternate, the
    whole file is. Of a stream, which is `is_live`, the rows of a series have to stand together.

    Raises:
        ConfigError: no channels are named, or the files are not tables.
        ColumnError: a column does not exist.
    """
    if source.kind != "table":
        raise ConfigError(f"--series-id, --time and --channels read tables with one row per step, not {source.format}")
    form = _form(source, options)
    notes = source.notes if form.series_id else (*source.notes, "no --series-id is given: every file is one series")
    if not is_live:
        is_interleaved, repeated = _looked_at(source, form)
        form = replace(form, is_interleaved=is_interleaved)
        if is_interleaved:
            notes = (*notes, f"the rows of several series alternate: they are gathered by '{form.series_id}'")
        if repeated:
            notes = (*notes, _repeated_note(form, repeated))
    names = [form.series_id, form.time, *form.others]
    return replace(
        source,
        kind="series",
        columns=(options.series_column, *(name for name in names if name is not None)),
        notes=notes,
        records=lambda: _records(source, form, options.series_column),
    )


def _form(source: Source, options: ReadOptions) -> _Form:
    """The columns that the options name."""
    if not options.channels:
        raise ConfigError(
            f"which columns are the numbers of a series? Name them with --channels. "
            f"Columns are {listed(source.columns)}"
        )
    channels = tuple(name for given in options.channels for name in _matching(given, source, "--channels"))
    for name, flag in ((options.series_id, "--series-id"), (options.time, "--time")):
        if name is not None and name not in source.columns:
            raise _no_column(name, flag, source)
    used = {options.series_id, options.time, *channels}
    others = tuple(name for name in source.columns if name not in used)
    own = options.series_column
    if own in (*others, options.series_id, options.time):
        hint = "That name is for the numbers themselves: rename the column."
        raise ColumnError("the column cannot be kept", file=source.files[0], field=own, hint=hint)
    return _Form(options.series_id, options.time, tuple(dict.fromkeys(channels)), others, options.gaps)


def _matching(given: str, source: Source, flag: str) -> list[str]:
    """The columns that a name or a pattern stands for."""
    names = [given] if given in source.columns else [name for name in source.columns if fnmatchcase(name, given)]
    if not names:
        raise _no_column(given, flag, source)
    return names


def _no_column(name: str, flag: str, source: Source) -> ColumnError:
    hint = did_you_mean(name, source.columns) or f"Columns are {listed(source.columns)}."
    return ColumnError(f"there is no column '{name}' for {flag}", file=source.files[0], hint=hint)


def _records(source: Source, form: _Form, own: str) -> Iterator[Record]:
    """One record per series, in the order in which the series begin."""
    runs = _gathered(source, form) if form.is_interleaved else _runs(source, form)
    for rows in runs:
        yield _series(rows, form, own)


def _runs(source: Source, form: _Form) -> Iterator[list[Record]]:
    """The rows of each run of one id in one file, one run in memory at a time."""
    begun: dict[Any, Place] = {}
    rows: list[Record] = []
    for record in source:
        series_id = _series_id(record, form)
        if rows and (record.place.file != rows[0].place.file or series_id != _series_id(rows[0], form)):
            yield rows
            rows = []
        if not rows and form.series_id is not None:
            if series_id in begun:
                raise _came_back(record.place, form.series_id, series_id, begun[series_id])
            begun[series_id] = record.place
        rows.append(record)
    yield rows


def _gathered(source: Source, form: _Form) -> Iterator[list[Record]]:
    """The rows of each id of a file, wherever they stand in it; a file in memory at a time."""
    begun: dict[Any, Place] = {}
    for _, records in groupby(source, key=lambda record: record.place.file):
        by_id: dict[Any, list[Record]] = {}
        for record in records:
            series_id = _series_id(record, form)
            if series_id in begun and series_id not in by_id:
                assert form.series_id is not None
                raise _came_back(record.place, form.series_id, series_id, begun[series_id])
            by_id.setdefault(series_id, []).append(record)
        begun |= {series_id: rows[0].place for series_id, rows in by_id.items()}
        yield from by_id.values()


def _looked_at(source: Source, form: _Form) -> tuple[bool, dict[Any, tuple[Any, Place, Place]]]:
    """Inspects the beginning of the files: are the rows of each series together, and do times repeat?

    Of each series that has a time twice, the first such time and both places.
    """
    if form.series_id is None and form.time is None:
        return False, {}
    is_interleaved = False
    begun: set[Any] = set()
    last: Any = None
    times: dict[Any, Place] = {}
    repeated: dict[Any, tuple[Any, Place, Place]] = {}
    for record in islice(source, _LOOK_ROWS if form.time is None else _LOOK_TIMES):
        now = (record.place.file, None if form.series_id is None else record.values.get(form.series_id))
        is_interleaved = is_interleaved or (now != last and now in begun)
        begun.add(now)
        last = now
        if form.time is None:
            if is_interleaved:
                break
        elif (time := record.values.get(form.time)) is not None:
            before = times.setdefault((now, str(time)), record.place)
            if before is not record.place:
                repeated.setdefault(now, (time, before, record.place))
    return is_interleaved, repeated


def _repeated_note(form: _Form, repeated: dict[Any, tuple[Any, Place, Place]]) -> str:
    """A note about times that occur twice in one series."""
    (_, own), (time, before, after) = next(iter(repeated.items()))
    whose = "the series" if form.series_id is None else f"series '{own}'"
    others = f", and {len(repeated) - 1:,} more series likewise" if len(repeated) > 1 else ""
    return (
        f"warning: {whose} has the time '{time}' twice, at {before} and {after}{others}: each row is a step, and rows "
        "of one time keep their order; remove what is there twice, or name a finer column with --time"
    )


def _series_id(record: Record, form: _Form) -> Any:
    if form.series_id is None:
        return None
    series_id = record.values.get(form.series_id)
    if series_id is None:
        place = record.place
        raise DataError("the series has no id", file=place.file, line=place.line, field=form.series_id)
    return series_id


def _came_back(place: Place, column: str, series_id: object, before: Place) -> DataError:
    return DataError(
        f"series '{series_id}' began at {before} and comes back after another one",
        file=place.file,
        line=place.line,
        field=column,
        hint=f"Sort the file by '{column}', so that the rows of a series stand together.",
    )


def _series(rows: list[Record], form: _Form, own: str) -> Record:
    """The rows of one series as one record, the numbers under a name of their own."""
    place = rows[0].place
    if form.time is not None:
        rows = _in_time_order(rows, form.time)
    columns = [[row.values.get(name) for row in rows] for name in form.channels]
    series = np.stack([numbers(column) for column in columns], axis=1)
    if (odd := refused(series, columns, form.gaps)).any():
        raise _odd_value(rows, form, odd)
    values: dict[str, Any] = {own: series}
    if form.series_id is not None:
        values[form.series_id] = rows[0].values[form.series_id]
    if form.time is not None:
        values[form.time] = [row.values[form.time] for row in rows]
    for name in form.others:
        values[name] = _one_or_all([row.values.get(name) for row in rows])
    return Record(place, values)


def _one_or_all(cells: list[Any]) -> Any:
    """The cell that all steps share, or all cells."""
    return cells[0] if all(cell == cells[0] for cell in cells) else cells


def _odd_value(rows: list[Record], form: _Form, odd: np.ndarray[Any, np.dtype[np.bool_]]) -> DataError:
    step, channel = (int(index[0]) for index in np.nonzero(odd))
    row, name = rows[step], form.channels[channel]
    cell = row.values.get(name)
    return DataError(odd_number(cell), file=row.place.file, line=row.place.line, field=name, hint=advice(cell))


def _in_time_order(rows: list[Record], column: str) -> list[Record]:
    """The rows by time; rows with the same time stay as they stand."""
    keys = _time_keys(rows, column)
    return [rows[index] for index in sorted(range(len(rows)), key=keys.__getitem__)]


def _time_keys(rows: list[Record], column: str) -> Sequence[Any]:
    """Numbers, or else moments written as ISO 8601 says."""
    cells = [row.values.get(column) for row in rows]
    try:
        seconds = [float(cell) for cell in cells]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = [math.nan]
    if all(map(math.isfinite, seconds)):
        return seconds
    moments = [_moment(row.place, column, cell) for row, cell in zip(rows, cells, strict=True)]
    zoned = [moment.tzinfo is not None for moment in moments]
    if any(zoned) and not all(zoned):
        place = rows[zoned.index(not zoned[0])].place
        problem = "some times of the series say their time zone and some do not"
        raise DataError(problem, file=place.file, line=place.line, field=column)
    return moments


def _moment(place: Place, column: str, cell: object) -> datetime:
    """The moment that a cell names."""
    try:
        return datetime.fromisoformat(str(cell))
    except ValueError:
        told = "the time is missing" if cell is None else f"'{cell}' is no time"
        hint = "Times are numbers, or dates and times such as 2015-02-04 17:51:00 (ISO 8601)."
        raise DataError(told, file=place.file, line=place.line, field=column, hint=hint) from None
