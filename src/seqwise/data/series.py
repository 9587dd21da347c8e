"""The model input for a numeric series: its values, their changes and the positions of missing values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqwise.data.spec import InputSpec

__all__ = ["seen_channels"]


def seen_channels(series: NDArray[np.float32], spec: InputSpec) -> NDArray[np.float32]:
    """The channels of a series as a model sees them.

    A missing value is that of the last step that has one; before the first there is none, which becomes the mean of the
    channel in training. With `normalise` each channel has mean 0 and deviation 1 over the steps of this series, and 0
    where it never changes.

    Args:
        series: (time, channels); NaN where a value is missing.
        spec: whether there may be gaps, and what is wanted.

    Returns:
        (time, channels x `spec.views`): all values (NaN before the first); their changes from the step before, if
        wanted (0 at the first step and where there is no value); 1 where a value was missing and 0 elsewhere, if
        there may be gaps.

    Examples:
        >>> series = np.array([[1.0], [np.nan], [4.0]], dtype=np.float32)
        >>> seen_channels(series, InputSpec("series", "x", gaps=True, differences=True)).tolist()
        [[1.0, 0.0, 0.0], [1.0, 0.0, 1.0], [4.0, 3.0, 0.0]]
    """
    values = _carried(series) if spec.gaps else series
    if spec.normalise:
        values = _normalised(values)
    views = [values]
    if spec.differences:
        views.append(np.nan_to_num(np.diff(values, axis=0, prepend=values[:1]), nan=0.0))
    if spec.gaps:
        views.append(np.isnan(series).astype(np.float32))
    return np.concatenate(views, axis=1, dtype=np.float32) if len(views) > 1 else values


def _carried(series: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each missing value replaced by the last one before it."""
    steps = np.arange(len(series))[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(series), 0, steps), axis=0)
    return np.take_along_axis(series, last, axis=0)


def _normalised(values: NDArray[np.float32]) -> NDArray[np.float32]:
    known = ~np.isnan(values)
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / counts
    centred = values - mean
    deviation = np.sqrt(np.where(known, centred**2, 0.0).sum(axis=0) / counts)
    tiny = deviation <= 1e-7 * np.maximum(np.abs(mean), 1e-30)
    return np.where(known, np.where(tiny, 0.0, centred / np.where(tiny, 1.0, deviation)), np.nan).astype(np.float32)
