"""Converts lists of numbers to numeric series; errors give file and line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.missing import WORDS
from seqwise.data.records import Place
from seqwise.errors import DataError

__all__ = ["series_from_list", "with_nan"]


def with_nan(steps: list[Any]) -> list[Any]:
    """The steps of a series with NaN for null, and for words that say so."""
    return [with_nan(step) if isinstance(step, list) else math.nan if _says_nothing(step) else step for step in steps]


def _says_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in WORDS)


def series_from_list(cell: list[Any], place: Place, column: str) -> NDArray[np.float64]:
    """(time, channels) from a list of numbers (one channel) or a list of equally long lists (one per step)."""
    try:
        whole = np.asarray(cell)
    except ValueError:
        whole = np.zeros(0, dtype=object)  # ragged: what follows says where
    if whole.dtype.kind in "iuf" and whole.ndim in (1, 2):
        return whole.astype(np.float64).reshape(len(whole), -1)
    rows = [list(step) if isinstance(step, (list, np.ndarray)) else [step] for step in cell]
    width = len(rows[0])
    for step, row in enumerate(rows):
        if len(row) != width:
            raise _wrong(
                place,
                column,
                f"ragged series: step {step + 1} has {len(row)} values, step 1 has {width}",
                "Each step must hold one value per channel.",
            )
        for channel, value in enumerate(row):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise _wrong(place, column, f"step {step + 1} of channel {channel + 1} is {value!r}, not a number")
    return np.asarray(rows, dtype=np.float64)


def _wrong(place: Place, column: str, problem: str, hint: str | None = None) -> DataError:
    return DataError(problem, file=place.file, line=place.line, field=column, hint=hint)
