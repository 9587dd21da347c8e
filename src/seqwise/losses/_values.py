"""Has `seqwise.values` look at what a loss got, in the same order and words for every framework."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise import values
from seqwise.errors import SoftmaxTwiceWarning
from seqwise.losses import _hints, _label_hints
from seqwise.losses._plan import Plan
from seqwise.shapes import shape_message

__all__ = ["check_values"]

Array = NDArray[Any]

_NOT_CALLERS = frozenset({"seqwise", "torch", "jax", "keras", "tensorflow"})
_NOT_PROBABILITIES = "pass from_logits=True for the numbers that a linear layer gives"


def check_values(plan: Plan, arrays: Mapping[str, Array], counts: NDArray[np.bool_] | None) -> None:
    """Refuses values that cannot be right; warns of logits that look like probabilities.

    Args:
        plan: the meaning of the call.
        arrays: the arrays by argument name; without logits where the call has none.
        counts: which positions count, in the shape of the positions; None when all do.

    Raises:
        ValuesError: naming position, value and what is allowed.
    """
    if "lengths" in arrays and counts is not None:
        values.check_lengths(arrays["lengths"], time=counts.shape[1], call=plan.call)
    for name in ("class_weight", "pos_weight", "sample_weight"):
        if name in arrays:
            _check_weight(plan, name, arrays[name], counts if name == "sample_weight" else None)
    _check_labels(plan, arrays["labels"], counts)
    logits, axis = arrays.get("logits"), plan.class_axis
    if logits is None:
        return
    if not plan.from_logits:
        values.check_probabilities(
            "logits", logits, class_axis=axis, counts=counts, call=plan.call, hint=lambda: _NOT_PROBABILITIES
        )
    elif axis is not None and values.look_like_probabilities(logits, class_axis=axis, counts=counts):
        problem = "the logits look like probabilities already, and this loss applies softmax to them"
        hint = "take the softmax out of the model, or pass from_logits=False"
        # no table: Python shows a warning once per place and text, and shapes change from batch to batch
        text = shape_message(plan.call.name, problem, (), expected="logits of any size", hint=hint)
        warnings.warn(SoftmaxTwiceWarning(text), stacklevel=_levels_to_caller())


def _levels_to_caller() -> int:
    """The `stacklevel` of the line that called a loss: the first outside this package and the frameworks."""
    level, frame = 0, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _NOT_CALLERS:
        level, frame = level + 1, frame.f_back
    return level + 1


def _check_weight(plan: Plan, name: str, weight: Array, counts: NDArray[np.bool_] | None) -> None:
    if counts is not None:
        spread = weight.reshape(weight.shape + (1,) * plan.sample_weight_missing)
        weight = np.broadcast_to(spread, counts.shape)
    values.check_numbers(name, weight, counts=counts, call=plan.call)


def _check_labels(plan: Plan, labels: Array, counts: NDArray[np.bool_] | None) -> None:
    if plan.labels == "index":
        classes = plan.classes
        assert classes is not None, "arrays that can be looked at have sizes"
        values.check_class_indices(
            labels,
            classes=classes,
            label_values=plan.label_values,
            counts=counts,
            call=plan.call,
            hint=lambda found, wrong: _label_hints.labels_out_of_range(
                found, wrong, classes=classes, label_values=plan.label_values, left_out=_left_out(plan)
            ),
        )
        return

    def hint() -> str | None:
        if plan.labels != "binary":
            return _share_hint(plan, labels, counts)
        seen = labels if counts is None else labels[counts]
        return _label_hints.binary_labels_out_of_range(seen, _left_out(plan))

    values.check_probabilities("labels", labels, class_axis=plan.class_axis, counts=counts, call=plan.call, hint=hint)


def _left_out(plan: Plan) -> Callable[[int], str]:
    """How a call leaves out the value that marks a missing label: by ignore_index, unless that is another already."""
    if plan.ignore_index is None:
        return lambda value: f"if {value} marks a missing label, pass ignore_index={value}"
    return lambda value: f"if {value} marks a missing label too, leave it out with mask=labels != {value}"


def _share_hint(plan: Plan, labels: Array, counts: NDArray[np.bool_] | None) -> str | None:
    """Why float labels of the shape of the logits may not be shares of classes."""
    axis = plan.class_axis or 0
    rows = np.moveaxis(labels, axis, -1)
    rows = rows if counts is None else rows[counts]
    sums = rows.sum(axis=-1, dtype=np.float64)
    if plan.classes == 1:
        return _label_hints.ONE_CLASS
    if np.isin(rows, (0, 1)).all():
        if (sums > 1).any():
            return "labels of which several may be 1 are yes-or-no labels: use binary_cross_entropy"
        return "a row of zeros names no class: leave it out with mask="
    if (rows >= 0).all() and (np.abs(sums - 100) <= 1).all():
        return "if the labels are percentages, divide them by 100"
    if (rows == np.round(rows)).all():
        arrived = {array.name: array for array in plan.call.arrays}
        return _hints.class_labels(arrived["logits"], arrived["labels"], axis) if "logits" in arrived else None
    return None
