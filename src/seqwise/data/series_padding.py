"""Finds padding at the end of a numeric series: trailing steps without any value.

Data sets of unequal length are often stored as equally long rows, filled up with NaN. Such steps are no data, whether
or not gaps are filled. Missing values before or between others are gaps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.missing import WORDS

__all__ = ["is_nothing", "padded_steps"]


def padded_steps(steps: Sequence[Any] | NDArray[Any], labels: Iterable[Any] = ()) -> int:
    """How many steps at the end of a series are padding.

    Args:
        steps: a value or the values of all channels per step.
        labels: cells with a label per step. A step with a label counts, whatever its values.

    Examples:
        >>> padded_steps([[math.nan, 1.0], [None, 2.0], [None, math.nan]]), padded_steps([1.0, None], [["a", "b"]])
        (1, 0)
    """
    kept = _filled(steps)
    for cell in labels:
        if cell is not None and kept < len(steps):
            kept = max(kept, _labelled(cell) if isinstance(cell, list) else len(steps))
    return max(len(steps) - kept, 0)


def _filled(steps: Sequence[Any] | NDArray[Any]) -> int:
    """The number of the last step that has a value, from 1."""
    if isinstance(steps, np.ndarray):
        if steps.dtype.kind != "f" or not len(steps) or not np.isnan(steps[-1]).all():
            return len(steps)
        filled = np.flatnonzero(~np.isnan(steps.reshape(len(steps), -1)).all(axis=1))
        return int(filled[-1]) + 1 if len(filled) else 0
    return next((number for number in range(len(steps), 0, -1) if not is_nothing(steps[number - 1])), 0)


def _labelled(labels: list[Any]) -> int:
    return next((number for number in range(len(labels), 0, -1) if not is_nothing(labels[number - 1])), 0)


def is_nothing(value: Any) -> bool:
    """Whether a value is missing, or all values of a list are."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return len(value) > 0 and all(map(is_nothing, value))
    if isinstance(value, str):
        return not value.strip() or value.strip() in WORDS
    return value is None or (isinstance(value, float) and math.isnan(value))
