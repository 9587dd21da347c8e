"""Checks the values of arrays, and reports the position of the first invalid one and the allowed values.

Only positions that count are checked: `counts` is a boolean array with one value per label, or None if all count. A
check returns nothing, or raises `ValuesError` with a table of the call's arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.errors import ValuesError
from seqwise.shapes import Call

__all__ = [
    "check_class_indices",
    "check_lengths",
    "check_numbers",
    "check_probabilities",
    "look_like_probabilities",
    "numbers_text",
]

Array = NDArray[Any]
Counts = NDArray[np.bool_] | None

SUM_TOLERANCE = 0.015
"""Allowed deviation of a sum of probabilities from 1, for half precision and for values rounded to two decimals."""


def check_class_indices(
    labels: Array,
    *,
    classes: int,
    label_values: Sequence[int] | None = None,
    counts: Counts = None,
    call: Call,
    name: str = "labels",
    hint: Callable[[list[int], list[int]], str | None] | None = None,
) -> None:
    """Raises if labels are not class indices 0..classes-1, or not among `label_values` if given.

    Args:
        labels: integers of any shape.
        classes: the number of classes.
        label_values: the label of each class; None when labels are class indices.
        counts: which labels count, in the shape of the labels.
        call: the call that received the labels.
        name: name of the argument.
        hint: returns advice, given the labels that occur and those that are out of range.

    Raises:
        ValuesError: names the first wrong label, its position and the number of wrong labels.

    Examples:
        >>> from seqwise.shapes import Call, array_spec
        >>> labels = np.array([0, 4, 4, 5])
        >>> check_class_indices(labels, classes=4, call=Call("encode", (array_spec("labels", labels),)))
        Traceback (most recent call last):
            ...
        seqwise.errors.ValuesError: encode: labels[1] is 4, and 3 of 4 labels that count are out of range
          labels  int  (4,)
          expected: class indices 0..3
    """
    allowed = range(classes) if label_values is None else tuple(label_values)
    wrong = (labels < 0) | (labels >= classes) if label_values is None else ~np.isin(labels, allowed)
    wrong = _among(wrong, counts)
    if not wrong.any():
        return
    found = np.unique(labels if counts is None else labels[counts]).tolist()
    missing = [value for value in found if value not in allowed]
    advice = None if hint is None else hint(found, missing)
    expected = f"class indices 0..{classes - 1}" if label_values is None else f"one of {numbers_text(allowed)}"
    problem = f"{_first(name, labels, wrong)}, and {_how_many(name, wrong, counts)} out of range"
    raise call.error(ValuesError, problem, expected=expected, hint=advice)


def check_probabilities(
    name: str,
    array: Array,
    *,
    class_axis: int | None = -1,
    counts: Counts = None,
    call: Call,
    hint: Callable[[], str | None] = lambda: None,
) -> None:
    """Raises if probabilities are outside 0..1, or do not sum to 1 over the classes.

    Args:
        name: the argument the array arrived as.
        array: probabilities, or soft labels, in any shape.
        class_axis: the axis along which they sum to 1; None for independent probabilities.
        counts: which positions count, in the shape of the array without the class axis.
        call: the call that received the array.
        hint: returns advice; called only if something is wrong.

    Raises:
        ValuesError: names the first wrong value or sum and its position.
    """
    axis = None if class_axis is None else class_axis % array.ndim
    expected = f"{name} from 0 to 1" + ("" if axis is None else f", with sum 1 along axis {axis}")
    spread = counts if counts is None or axis is None else np.expand_dims(counts, axis)
    wrong = _among(~((array >= 0) & (array <= 1 + SUM_TOLERANCE * (axis is not None))), spread)
    if wrong.any():
        raise call.error(ValuesError, _first(name, array, wrong), expected=expected, hint=hint())
    if axis is None:
        return
    with np.errstate(invalid="ignore"):  # positions that do not count may give inf - inf
        sums = array.sum(axis=axis, dtype=np.float64)
    wrong = _among(~(np.abs(sums - 1) <= SUM_TOLERANCE), counts)
    if wrong.any():
        problem = f"along axis {axis}, {_first(f'sum({name})', sums, wrong)}"
        raise call.error(ValuesError, problem, expected=expected, hint=hint())


def check_lengths(lengths: Array, *, time: int, call: Call) -> None:
    """Raises if a length is negative or larger than the time axis.

    Args:
        lengths: (batch,) integers.
        time: the size of the time axis.
        call: the call that received the lengths.

    Raises:
        ValuesError: names the first wrong length and its position.
    """
    wrong = (lengths < 0) | (lengths > time)
    if wrong.any():
        raise call.error(ValuesError, _first("lengths", lengths, wrong), expected=f"lengths 0..{time}")


def check_numbers(
    name: str,
    array: Array,
    *,
    infinities: Sequence[float] = (),
    counts: Counts = None,
    call: Call,
    hint: str | None = None,
) -> None:
    """Raises if a position that counts is NaN, or infinite where that has no meaning.

    Args:
        name: the argument the array arrived as.
        array: numbers of any shape.
        infinities: which of inf and -inf to accept; a logit of -inf marks an impossible class.
        counts: which values count, in a shape that broadcasts to that of the array.
        call: the call that received the array.
        hint: advice on what to do.

    Raises:
        ValuesError: names the first wrong value and its position.
    """
    wrong = _among(~np.isfinite(array) & ~np.isin(array, infinities), counts)
    if wrong.any():
        expected = " or ".join(["finite numbers", *(f"{infinity:g}" for infinity in infinities)])
        raise call.error(ValuesError, _first(name, array, wrong), expected=f"{name} of {expected}", hint=hint)


def look_like_probabilities(array: Array, *, class_axis: int = -1, counts: Counts = None) -> bool:
    """Whether all logits that count lie in 0..1 and sum to 1 over the classes, as after a softmax.

    The first position is checked alone, so real logits cost next to nothing.

    Examples:
        >>> look_like_probabilities(np.array([[0.25, 0.75]]))
        True
    """
    rows = np.moveaxis(array, class_axis, -1)
    if rows.shape[-1] < 2 or rows.size == 0 or (counts is not None and not counts.any()):
        return False
    first = 0 if counts is None else int(counts.argmax())
    index = np.unravel_index(first, rows.shape[:-1])
    return _are_probabilities(rows[index]) and _are_probabilities(rows if counts is None else rows[counts])


def _are_probabilities(rows: Array) -> bool:
    if not ((rows >= 0) & (rows <= 1)).all():
        return False
    tolerance = SUM_TOLERANCE if rows.dtype.itemsize <= 2 else 1e-4
    return bool((np.abs(rows.sum(axis=-1, dtype=np.float64) - 1) <= tolerance).all())


def _among(wrong: Array, counts: Counts) -> Array:
    return wrong if counts is None else wrong & counts


def _first(name: str, array: Array, wrong: Array) -> str:
    """The first wrong value with its position, as in `labels[2, 5] is 7`."""
    place = np.unravel_index(int(wrong.argmax()), wrong.shape)
    value = array[place].item()
    text = str(value) if isinstance(value, int) else f"{value:.6g}"
    return f"{name}[{', '.join(str(int(axis)) for axis in place)}] is {text}"


def _how_many(name: str, wrong: Array, counts: Counts) -> str:
    bad, of = int(wrong.sum()), wrong.size if counts is None else int(counts.sum())
    return f"{bad} of {of} {name} that count {'is' if bad == 1 else 'are'}"


def numbers_text(values: Iterable[int], most: int = 12) -> str:
    """Numbers separated by commas, cut after the first `most`."""
    shown = [str(value) for value in values]
    return ", ".join(shown if len(shown) <= most else [*shown[:most], "..."])
