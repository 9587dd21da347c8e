"""Converts lengths to masks and back; True marks a position that counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqwise.errors import ShapeError, ValuesError

__all__ = ["lengths_to_mask", "mask_to_lengths"]


def lengths_to_mask(lengths: ArrayLike, time: int | None = None) -> NDArray[np.bool_]:
    """The mask (batch, time) that is True for the first `lengths[b]` steps of row b.

    Args:
        lengths: (batch,) integers, 0 <= length <= time.
        time: size of the time axis; by default the longest length.

    Returns:
        (batch, time) booleans.

    Raises:
        ShapeError: lengths are not one-dimensional.
        ValuesError: a length is negative or larger than the time axis.

    Examples:
        >>> lengths_to_mask([2, 0], time=3).tolist()
        [[True, True, False], [False, False, False]]
    """
    counts = np.asarray(lengths)
    if counts.ndim != 1:
        raise ShapeError(f"lengths must be (batch,), got shape {counts.shape}")
    steps = int(counts.max(initial=0)) if time is None else time
    wrong = np.flatnonzero((counts < 0) | (counts > steps))
    if wrong.size:
        row = int(wrong[0])
        raise ValuesError(f"lengths[{row}] is {int(counts[row])}, but the time axis has {steps} steps")
    mask: NDArray[np.bool_] = np.arange(steps)[None, :] < counts[:, None]
    return mask


def mask_to_lengths(mask: ArrayLike) -> NDArray[np.int64]:
    """The lengths (batch,) of a left-aligned mask (batch, time).

    Raises:
        ShapeError: the mask is not two-dimensional.
        ValuesError: the mask has a gap, so no length describes it.

    Examples:
        >>> mask_to_lengths([[True, True, False]]).tolist()
        [2]
    """
    positions = np.asarray(mask, dtype=bool)
    if positions.ndim != 2:
        raise ShapeError(f"mask must be (batch, time), got shape {positions.shape}")
    holes = np.flatnonzero((positions[:, 1:] & ~positions[:, :-1]).any(axis=1))
    if holes.size:
        raise ValuesError(f"row {int(holes[0])} of the mask is True again after a gap, so it has no length")
    lengths: NDArray[np.int64] = positions.sum(axis=1, dtype=np.int64)
    return lengths
