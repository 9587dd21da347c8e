"""Computes each loss at every position, before anything is averaged, in float64.

Each function has the signature of its namesake in `seqwise.losses.numpy`, less `reduction` and `denominator`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqwise import values
from seqwise.losses import _formulas
from seqwise.losses._plan import Plan, plan_binary_cross_entropy, plan_cross_entropy
from seqwise.losses._values import check_values
from seqwise.shapes import Arrived, arrived

__all__ = ["Terms", "binary_cross_entropy", "cross_entropy"]

Array = NDArray[Any]


class Terms(NamedTuple):
    """A loss at every position, in the order that `_formulas.summed` takes.

    Attributes:
        plan: what the call means.
        losses: weighted losses; 0 where a position does not count.
        weights: what each position adds to the divisor of a mean; 0 where it does not count.
        counts: which positions count; None when all do.
    """

    plan: Plan
    losses: NDArray[np.float64]
    weights: NDArray[np.float64]
    counts: NDArray[np.bool_] | None


def cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    class_axis: int = -1,
    mask: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    ignore_index: int | None = None,
    label_values: Sequence[int] | None = None,
    class_weight: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
) -> Terms:
    """The terms of `seqwise.losses.numpy.cross_entropy`."""
    scores, truth = np.asarray(logits), np.asarray(labels)
    mask, lengths, class_weight, sample_weight = _arrays(mask, lengths, class_weight, sample_weight)
    plan = plan_cross_entropy(
        logits=arrived("logits", scores),
        labels=arrived("labels", truth),
        class_axis=class_axis,
        mask=_arrived("mask", mask),
        lengths=_arrived("lengths", lengths),
        ignore_index=ignore_index,
        label_values=label_values,
        class_weight=_arrived("class_weight", class_weight),
        sample_weight=_arrived("sample_weight", sample_weight),
        label_smoothing=label_smoothing,
    )
    axis = plan.class_axis
    assert axis is not None
    classes_last = truth.astype(np.int64) if plan.labels == "index" else np.moveaxis(truth, axis, -1)
    counts = _formulas.counting(plan, classes_last, mask, lengths, xp=np)
    arrays = _given(
        logits=scores, labels=truth, lengths=lengths, class_weight=class_weight, sample_weight=sample_weight
    )
    check_values(plan, arrays, counts, from_logits=from_logits)
    _check_logits(plan, scores, counts)
    losses, divisors = _formulas.class_terms(
        plan,
        np.moveaxis(scores, axis, -1),
        classes_last,
        counts=counts,
        class_weight=class_weight,
        sample_weight=sample_weight,
        from_logits=from_logits,
        xp=np,
        cast=np.float64,
    )
    return Terms(plan, losses, divisors, counts)


def binary_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    ignore_index: int | None = None,
    pos_weight: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
) -> Terms:
    """The terms of `seqwise.losses.numpy.binary_cross_entropy`."""
    scores, truth = np.asarray(logits), np.asarray(labels)
    mask, lengths, pos_weight, sample_weight = _arrays(mask, lengths, pos_weight, sample_weight)
    plan = plan_binary_cross_entropy(
        logits=arrived("logits", scores),
        labels=arrived("labels", truth),
        mask=_arrived("mask", mask),
        lengths=_arrived("lengths", lengths),
        ignore_index=ignore_index,
        pos_weight=_arrived("pos_weight", pos_weight),
        sample_weight=_arrived("sample_weight", sample_weight),
        label_smoothing=label_smoothing,
    )
    counts = _formulas.counting(plan, truth, mask, lengths, xp=np)
    arrays = _given(logits=scores, labels=truth, lengths=lengths, pos_weight=pos_weight, sample_weight=sample_weight)
    check_values(plan, arrays, counts, from_logits=from_logits)
    _check_logits(plan, scores, counts)
    losses, divisors = _formulas.binary_terms(
        plan,
        scores,
        truth,
        counts=counts,
        pos_weight=pos_weight,
        sample_weight=sample_weight,
        from_logits=from_logits,
        xp=np,
        cast=np.float64,
    )
    return Terms(plan, losses, divisors, counts)


def _arrays(*options: ArrayLike | None) -> list[Array | None]:
    return [None if option is None else np.asarray(option) for option in options]


def _given(**arrays: Array | None) -> dict[str, Array]:
    return {name: array for name, array in arrays.items() if array is not None}


def _arrived(name: str, option: Array | None) -> Arrived | None:
    return None if option is None else arrived(name, option)


def _check_logits(plan: Plan, logits: Array, counts: NDArray[np.bool_] | None) -> None:
    """Refuses NaN in logits that count; inf too where softmax would divide it by itself."""
    if counts is not None and plan.class_axis is not None:
        counts = np.expand_dims(counts, plan.class_axis)
    infinities = (-np.inf, np.inf) if plan.labels == "binary" else (-np.inf,)
    hint = "what should not count is left out by mask=" if counts is None else None
    values.check_numbers("logits", logits, infinities=infinities, counts=counts, call=plan.call, hint=hint)
