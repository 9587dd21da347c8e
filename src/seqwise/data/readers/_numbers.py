"""Turns cells into numbers, and says what is wrong with those that are none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.missing import WORDS

__all__ = ["FINITE", "advice", "numbers", "odd_number", "refused"]

FINITE = "Fill the gap, leave the series out, or train with --set data.gaps=fill, which fills and flags gaps."
"""A hint for a missing value."""

_GAPS = ("nan", "na", "n/a", "null", "none")

_WRONG_NUMBER = "Correct the number, or leave the series out."
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


def numbers(cells: Sequence[Any]) -> NDArray[np.float32]:
    """The cells as float32; NaN where a cell is no number, an infinity where it is too large.

    Examples:
        >>> numbers(["1.5", "-2e3", "?", None]).tolist()
        [1.5, -2000.0, nan, nan]
    """
    try:
        values = np.array(cells, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array([_number(cell) for cell in cells], dtype=np.float64)
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def refused(series: NDArray[np.float32], columns: Sequence[Sequence[Any]], gaps: str) -> NDArray[np.bool_]:
    """Which values of a series (time, channels) cannot be used.

    With `gaps` of `fill` a missing one can. Steps without any value up to the end are padding, which is cut later.

    Args:
        series: what `numbers` made of the cells.
        columns: the cells, channel by channel.
        gaps: see `ReadOptions`.
    """
    odd = ~np.isfinite(series)
    if not odd.any():
        return odd
    if gaps == "fill":
        for step, channel in np.argwhere(odd):
            odd[step, channel] = not _is_gap(columns[channel][step])
        return odd
    padding = len(series)
    while padding and odd[padding - 1].all() and all(_is_gap(cells[padding - 1]) for cells in columns):
        padding -= 1
    odd[padding:] = False
    return odd


def _is_gap(cell: object) -> bool:
    text = "" if cell is None else str(cell).strip()
    return not text or text in WORDS or text.casefold() in _GAPS


def advice(cell: object) -> str:
    """A hint for a cell that `numbers` could not turn into a finite number.

    Examples:
        >>> advice("1,5")
        'Write numbers with a point, not a comma: 1.5.'
    """
    text = "" if cell is None else str(cell).strip()
    if _is_gap(cell):
        return FINITE
    return (
        f"Write numbers with a point, not a comma: {text.replace(',', '.')}."
        if _COMMA.fullmatch(text)
        else _WRONG_NUMBER
    )


def _number(cell: object) -> float:
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def odd_number(cell: object) -> str:
    """A description of a cell that `numbers` could not turn into a finite number.

    Examples:
        >>> odd_number("?"), odd_number("1,5"), odd_number("1e99")
        ("the value is missing ('?')", "'1,5' is not a number", "'1e99' is not a finite number in float32")
    """
    text = "" if cell is None else str(cell).strip()
    if _is_gap(cell):
        return f"the value is missing ('{text}')" if text else "the value is missing (an empty cell)"
    value = _number(cell)
    return f"'{text}' is not a number" if np.isnan(value) else f"'{text}' is not a finite number in float32"
