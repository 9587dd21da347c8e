"""Reads `.ts`, the format of the UEA and UCR archives of time series, as sktime and aeon write it.

A header of lines `@key value` ends with `@data`; then each line is a series: channels separated by `:`, the
values of a channel by `,`, and the class label last. See https://www.aeon-toolkit.org (data format `.ts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.data.readers._inputs import Input
from seqwise.data.readers._limits import short
from seqwise.data.readers._lines import Lines, unbroken_lines
from seqwise.data.readers._numbers import advice, numbers, odd_number, refused
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError, did_you_mean, listed

__all__ = ["ts_part"]

_COMMENTS = ("#", "%")
_PARENTHESES = re.compile(r"(\([^()]*\))")
_STAMPED = re.compile(r"\(([^(),]*),([^(),]*)\)")


@dataclass(frozen=True)
class _Header:
    """The header above `@data`.

    Attributes:
        line: number of the line `@data`.
        channels: how many channels each series has; None where the header leaves it open.
        equal: whether all series have one length.
        stamped: whether values are written `(time,value)`.
        labels: the class labels; None where series have none.
    """

    line: int
    channels: int | None = None
    equal: bool = False
    stamped: bool = False
    labels: tuple[str, ...] | None = None


def ts_part(source: Input, options: ReadOptions) -> Part:
    """A `.ts` file: `series` (time, channels) float32, and `label` where the header has class labels.

    Series may differ in length, the channels of one series may not. Time stamps are not kept. A missing value
    (`?` or NaN) is an error, or NaN where gaps are filled; NaN in all channels up to the end is padding.
    """
    with closing(unbroken_lines(source, options.encoding, look=True)) as lines:
        header = _header(source.name, lines)
        if next(_data(lines), None) is None:
            raise DataError("the file has no series after @data", file=source.name, line=header.line)
    notes = ("the values have time stamps: their order is kept, the times are left out",)
    columns = ("series",) if header.labels is None else ("series", "label")
    return Part(
        source.name,
        columns,
        lambda: _records(source, options.encoding, options.gaps),
        kind="series",
        notes=notes if header.stamped else (),
    )


def _records(source: Input, encoding: str, gaps: str) -> Iterator[Record]:
    """One record per line after `@data`."""
    lines = unbroken_lines(source, encoding)
    header = _header(source.name, lines)
    first: tuple[int, tuple[int, ...]] | None = None
    for number, text in _data(lines):
        place = Place(source.name, number)
        channels = _stamped_parts(text) if header.stamped else text.split(":")
        values: dict[str, object] = {}
        if header.labels is not None:
            values["label"] = _label(channels, header, first, place)
        series = _series(channels, header, place, gaps)
        first = first or (number, series.shape)
        _check_shape(series.shape, header, first, place)
        yield Record(place, {"series": series, **values})


def _data(lines: Lines) -> Lines:
    """The lines that hold series."""
    for number, line in lines:
        text = line.strip()
        if text and not text.startswith(_COMMENTS):
            yield number, text


def _header(name: str, lines: Lines) -> _Header:
    """The header; the lines are left standing after `@data`."""
    values: dict[str, list[str]] = {}
    for number, text in _data(lines):
        if not text.startswith("@"):
            raise DataError("data begin before a line @data", file=name, line=number)
        key, *words = text[1:].split() or [""]
        if not key:
            raise DataError("a key is expected after '@', such as @data", file=name, line=number)
        if key.lower() == "data":
            return _header_of(name, number, values)
        values[key.lower()] = words
    raise DataError(
        "the file has no line @data",
        file=name,
        hint="A .ts file has @data between its header and its series.",
    )


def _header_of(name: str, line: int, values: dict[str, list[str]]) -> _Header:
    def is_true(key: str) -> bool:
        return [word.lower() for word in values.get(key, ())[:1]] == ["true"]

    if is_true("targetlabel"):
        raise DataError(
            "@targetLabel marks numbers to predict (regression); classes are expected", file=name, line=line
        )
    size = next(iter(values.get("dimensions") or values.get("dimension") or ()), "1" if is_true("univariate") else "")
    labels = tuple(values["classlabel"][1:]) if is_true("classlabel") else None
    return _Header(
        line=line,
        channels=_channels(size, name, line),
        equal=is_true("equallength"),
        stamped=is_true("timestamps"),
        labels=labels,
    )


def _channels(size: str, name: str, line: int) -> int | None:
    """The number of channels that the header states; None where it states none."""
    if not (size.isascii() and size.isdecimal()):
        return None
    if len(size) > 9 or int(size) == 0:
        raise DataError(f"@dimensions is {short(size)}", file=name, line=line, hint="It is the number of channels.")
    return int(size)


def _label(channels: list[str], header: _Header, first: tuple[int, tuple[int, ...]] | None, place: Place) -> str:
    """The last part of the line, taken off the channels."""
    expected = header.channels or (first[1][1] if first else None)
    label = channels[-1].strip()
    if len(channels) == 1 or not label or (len(channels) == expected and label not in (header.labels or ())):
        problem = "the class label is missing: nothing stands after the last ':'"
        if len(channels) == expected:
            problem = f"the class label is missing: the line has {expected} channels and nothing more"
        raise DataError(problem, file=place.file, line=place.line, field="label")
    if header.labels and label not in header.labels:
        hint = did_you_mean(label, header.labels) or None
        problem = f"'{label}' is not among the labels of @classLabel: {listed(header.labels)}"
        raise DataError(problem, file=place.file, line=place.line, field="label", hint=hint)
    del channels[-1]
    return label


def _series(channels: list[str], header: _Header, place: Place, gaps: str) -> NDArray[np.float32]:
    """The array (time, channels)."""
    columns = _stamped_channels(channels, place) if header.stamped else [channel.split(",") for channel in channels]
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        odd = next(index for index, length in enumerate(lengths) if length != lengths[0])
        problem = f"channel {odd + 1} has {lengths[odd]} steps, but channel 1 has {lengths[0]}"
        raise DataError(problem, file=place.file, line=place.line)
    series = np.stack([numbers(column) for column in columns], axis=1)
    if (bad := refused(series, columns, gaps)).any():
        raise _odd_value(columns, bad, place)
    return series


def _odd_value(columns: list[list[str]], odd: NDArray[np.bool_], place: Place) -> DataError:
    step, channel = (int(index[0]) for index in np.nonzero(odd))
    text = columns[channel][step].strip()
    problem = f"step {step + 1}: {odd_number(text)}"
    return DataError(problem, file=place.file, line=place.line, field=f"channel {channel + 1}", hint=advice(text))


def _stamped_parts(text: str) -> list[str]:
    """The parts between colons, but for colons inside parentheses, which belong to times."""
    parts = [""]
    for piece in _PARENTHESES.split(text):
        if piece.startswith("("):
            parts[-1] += piece
        else:
            first, *others = piece.split(":")
            parts[-1] += first
            parts += others
    return parts


def _stamped_channels(channels: list[str], place: Place) -> list[list[str]]:
    """The values of channels written `(time,value),(time,value)`, which must share their times."""
    columns = []
    clock: list[str] | None = None
    for number, channel in enumerate(channels, 1):
        pairs = _STAMPED.findall(channel)
        if _STAMPED.sub("", channel).strip(", ") or not pairs:
            problem = f"expected (time,value),(time,value) as @timeStamps says, got {channel[:40]!r}"
            raise DataError(problem, file=place.file, line=place.line, field=f"channel {number}")
        times, values = map(list, zip(*pairs, strict=True))
        clock = clock or times
        if times != clock and len(times) == len(clock):
            problem = "its times are not those of channel 1; one step must hold a value of every channel"
            raise DataError(problem, file=place.file, line=place.line, field=f"channel {number}")
        columns.append(values)
    return columns


def _check_shape(shape: tuple[int, ...], header: _Header, first: tuple[int, tuple[int, ...]], place: Place) -> None:
    """Channels as in the header or the first series; lengths too where the header calls them equal."""
    expected, source = header.channels, "the header says"
    if expected is None:
        expected, source = first[1][1], f"line {first[0]} has"
    if shape[1] != expected:
        problem = f"expected {expected} channels as {source}, got {shape[1]}"
        raise DataError(problem, file=place.file, line=place.line)
    if header.equal and shape[0] != first[1][0]:
        problem = f"expected {first[1][0]} steps as line {first[0]} has, got {shape[0]}"
        hint = "The header says @equalLength true; write false if the lengths may differ."
        raise DataError(problem, file=place.file, line=place.line, hint=hint)
