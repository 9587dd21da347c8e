"""Suggests what labels out of range mean, by the values found; only errors lead here.

A hint that is followed must not compute a wrong number in silence. So each says under which condition it holds, and a
value is taken for the mark of a missing label only where it cannot well be a class counted from 1, or a class that the
head lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.values import numbers_text

__all__ = ["ONE_CLASS", "binary_labels_out_of_range", "labels_out_of_range"]

ONE_CLASS = "with one class there is nothing to choose between: use binary_cross_entropy for yes-or-no labels"
"""The hint for a head with a single class: its loss is 0 whatever the logits."""

_MARKS = frozenset({99, 255, 999, 9999, 32767, 65535})
"""Positive numbers that data sets mark missing labels with; negative ones all may."""

_TWO_KINDS = {
    (1, 2): "if 1 and 2 are no and yes, subtract 1 from the labels",
    (-1, 1): "if -1 and 1 are no and yes, pass (labels + 1) / 2",
    (0, 255): "if 0 and 255 are no and yes, pass labels > 0",
    (0, 100): "if the labels are percentages, divide them by 100",
}


def labels_out_of_range(
    found: Sequence[int],
    wrong: Sequence[int],
    *,
    classes: int,
    label_values: Sequence[int] | None = None,
    left_out: Callable[[int], str],
    by_value: bool = True,
) -> str | None:
    """A hint for class indices outside 0..classes-1, or labels that are not among `label_values`.

    Args:
        found: the different labels that count, in rising order.
        wrong: those of them that are out of range.
        classes: the number of classes.
        label_values: the label of each class; None when labels are class indices.
        left_out: how the call leaves out a value that marks a missing label.
        by_value: whether the call takes `label_values`.

    Examples:
        >>> labels_out_of_range([1, 3, 4], [4], classes=4, left_out=str)
        'the labels seem to count from 1: subtract 1, or pass label_values=(1, 2, 3, 4)'
    """
    if label_values is not None:
        return _not_among_values(wrong, left_out)
    if classes == 1:
        return ONE_CLASS
    marks = [value for value in wrong if value < 0 or (value in _MARKS and value > classes)]
    indices = [value for value in found if value not in marks]
    from_minus_one = by_value and marks == [-1] and (not indices or indices[-1] <= classes - 2 or len(found) == classes)
    advice = [left_out(marks[0])] if len(marks) == 1 else []
    if from_minus_one and len(found) == classes:
        advice.insert(0, _called(found))
    elif from_minus_one and classes > 2:
        advice.append(_called(range(-1, classes - 1)))
    if indices and indices[-1] >= classes:
        advice.append(_of_indices(indices, classes, by_value=by_value))
    return "; ".join(advice) or None


def _of_indices(indices: Sequence[int], classes: int, *, by_value: bool) -> str:
    """A hint for labels beyond the last class."""
    if indices[0] >= 1 and indices[-1] == classes:
        other = f", or pass label_values=({numbers_text(range(1, classes + 1))})" if by_value else ""
        return f"the labels seem to count from 1: subtract 1{other}"
    if len(indices) == classes and by_value:
        return _called(indices)
    return f"if the labels are class indices, {indices[-1]} needs a head of at least {indices[-1] + 1} classes"


def _called(values: Iterable[int]) -> str:
    text = numbers_text(values)
    return f"if the classes are labelled {text}, pass label_values=({text})"


def _not_among_values(wrong: Sequence[int], left_out: Callable[[int], str]) -> str | None:
    if len(wrong) != 1:
        return None
    return f"{left_out(wrong[0])}; if it is a class, name it in label_values and give the head one more class"


def binary_labels_out_of_range(labels: NDArray[Any], left_out: Callable[[int], str]) -> str | None:
    """A hint for yes-or-no labels outside 0..1; `labels` are those that count."""
    if np.isnan(labels).any():
        return "if NaN marks a missing label, leave it out with mask="
    found = np.unique(labels)
    if not (np.isfinite(found) & (found == np.round(found))).all():
        return None
    values = tuple(int(value) for value in found)
    if values in _TWO_KINDS:
        return _TWO_KINDS[values]
    wrong = [value for value in values if value not in (0, 1)]
    if len(wrong) == 1 and (wrong[0] < 0 or wrong[0] in _MARKS):
        return left_out(wrong[0])
    if wrong[0] > 1 and values[0] >= 0:
        return "one of several classes, 0, 1, 2, ..., is for cross_entropy, with logits (..., classes)"
    return None
