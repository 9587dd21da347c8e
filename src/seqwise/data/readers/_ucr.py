"""Reads the plain text of the UCR archive: in each line the class label, then the values of a series.

Cells are separated by tabs, commas or blanks, as the years had it; there is no header. Series shorter than the longest
end in NaN. See https://www.timeseriesclassification.com and H. A. Dau et al. (2019), "The UCR time series archive".
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import closing

import numpy as np

from seqwise.data.readers._inputs import Input
from seqwise.data.readers._lines import unbroken_lines
from seqwise.data.readers._numbers import advice, numbers, odd_number, refused
from seqwise.data.readers._options import ReadOptions
from seqwise.data.readers._source import Part
from seqwise.data.records import Place, Record
from seqwise.errors import DataError

__all__ = ["is_ucr", "ucr_part"]

_CELLS = re.compile(r"[ \t]*[,\t][ \t]*|[ \t]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[nN]a[nN]|\?")
_FEWEST_CELLS = 5


def is_ucr(lines: Sequence[str], *, cut: bool) -> bool:
    """Whether lines hold nothing but numbers: a whole one that repeats as label, then values with fractions.

    Args:
        lines: the first of a file.
        cut: whether there are more.
    """
    rows = [_CELLS.split(line.strip()) for line in lines if line.strip()]
    rows = rows[:-1] if cut and len(rows) > 2 else rows
    if len(rows) < 2 or len(rows[0]) < _FEWEST_CELLS or len({len(row) for row in rows}) > 1:
        return False
    if not all(_NUMBER.fullmatch(cell) for row in rows for cell in row):
        return False
    labels = [float(row[0]) for row in rows if _is_whole(row[0])]
    has_fractions = any("." in cell for row in rows for cell in row[1:])
    return len(labels) == len(rows) and has_fractions and len(set(labels)) < len(rows)


def ucr_part(source: Input, options: ReadOptions) -> Part:
    """A file of the UCR archive: `series` (time, 1) float32, and `label`.

    A label that is a whole number is written as one, so that `1` and `1.0000000e+00` are the same in all files.
    """
    with closing(_records(source, options, look=True)) as records:
        if next(records, None) is None:
            raise DataError("the file has no series", file=source.name)
    return Part(source.name, ("series", "label"), lambda: _records(source, options), kind="series")


def _records(source: Input, options: ReadOptions, *, look: bool = False) -> Generator[Record, None, None]:
    """One record per line that is not blank."""
    for number, line in unbroken_lines(source, options.encoding, look=look):
        if text := line.strip():
            place = Place(source.name, number)
            label, *values = text.split(options.delimiter) if options.delimiter else _CELLS.split(text)
            if not values:
                raise DataError("the line has a label and no values", file=place.file, line=number)
            series = numbers(values)[:, None]
            if (odd := refused(series, [values], options.gaps)).any():
                step = int(np.flatnonzero(odd)[0])
                problem = f"step {step + 1}: {odd_number(values[step])}"
                raise DataError(problem, file=place.file, line=number, hint=advice(values[step]))
            yield Record(place, {"series": series, "label": str(int(float(label))) if _is_whole(label) else label})


def _is_whole(cell: str) -> bool:
    try:
        return float(cell).is_integer()
    except ValueError:
        return False
