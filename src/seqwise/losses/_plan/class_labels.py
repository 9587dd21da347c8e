"""The plan of the losses over classes: logits with a class axis; labels are class indices, one-hot or soft."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from seqwise.errors import ConfigError, DtypeError, ShapeError
from seqwise.losses import _hints
from seqwise.losses._loss_options import ClassOptions
from seqwise.losses._plan.call_plan import Plan
from seqwise.losses._plan.checks import call_of, check_kind, check_lengths, flag, integer, missing_axes, real, smoothing
from seqwise.shapes import ArraySpec, Call, Shape, fits, shape_text

__all__ = ["plan_cross_entropy"]


def plan_cross_entropy(
    logits: ArraySpec,
    labels: ArraySpec,
    options: ClassOptions,
    *,
    call: str = "cross_entropy",
    made_from: tuple[ArraySpec | None, ...] = (),
) -> Plan:
    """The plan of a loss over classes: logits with a class axis; labels are class indices, one-hot or soft.

    Args:
        logits: described, as the arrays of the options are.
        labels: described.
        options: those of the loss.
        call: the name of the loss.
        made_from: hidden, weight and bias where the call has no logits.

    Raises:
        ShapeError: an array does not fit the logits.
        DtypeError: an array holds the wrong kind of number.
        ConfigError: an option has a value that makes no sense.
    """
    mask, lengths, class_weight, sample_weight = options[:4]
    this = call_of(call, *made_from, logits, labels, mask, lengths, class_weight, sample_weight)
    check_kind(this, logits, "float")
    axis = _class_axis(this, logits, options.class_axis)
    classes = logits.shape[axis]
    positions = logits.shape[:axis] + logits.shape[axis + 1 :]
    label_kind = _label_kind(this, logits, labels, axis, positions)
    values = _label_values(this, options.label_values, classes)
    ignored = integer(this, "ignore_index", options.ignore_index)
    _check_class_weight(this, class_weight, positions, classes)
    check_lengths(this, lengths, positions)
    return Plan(
        call=this,
        labels=label_kind,
        positions=positions,
        class_axis=axis,
        classes=classes,
        label_values=values,
        ignore_index=ignored,
        ignored_class=_ignored_class(ignored, values, classes),
        label_smoothing=smoothing(this, options.label_smoothing),
        from_logits=flag(this, "from_logits", options.from_logits),
        mask_missing=missing_axes(this, mask, positions, "bool"),
        sample_weight_missing=missing_axes(this, sample_weight, positions, "int", "float"),
        gamma=_gamma(this, options.gamma),
        ordered=options.ordered,
    )


def _gamma(call: Call, gamma: float) -> float:
    number = real(call, "gamma", gamma, expected="a finite number, 0 or more")
    if not 0 <= number < math.inf:
        raise call.error(ConfigError, f"gamma is {gamma}", expected="a finite number, 0 or more")
    return number


def _class_axis(call: Call, logits: ArraySpec, class_axis: int) -> int:
    """The class axis counted from 0."""
    rank = len(logits.shape)
    axis = integer(call, "class_axis", class_axis)
    if axis is None:
        raise call.error(ConfigError, "class_axis is None", expected="an axis of the logits; -1 is the last one")
    if not -rank <= axis < rank:
        problem = f"class_axis={axis} does not exist in logits with {rank} axes"
        raise call.error(ShapeError, problem, expected="logits (batch, ..., classes)")
    if logits.shape[axis] == 0:
        raise call.error(ShapeError, f"class_axis={axis} of the logits has size 0", expected="1 class or more")
    return axis % rank


def _label_kind(
    call: Call, logits: ArraySpec, labels: ArraySpec, axis: int, positions: Shape
) -> Literal["index", "one-hot"]:
    """Whether labels are class indices or one-hot, which their shape and kind of number must agree on."""
    if labels.kind == "int" and fits(labels.shape, positions):
        return "index"
    if labels.kind == "float" and fits(labels.shape, logits.shape):
        return "one-hot"
    expected = f"labels int {shape_text(positions)}, or one-hot float {shape_text(logits.shape)}"
    arrived = call.arrays[0] is logits
    hint = _hints.class_labels(logits, labels, axis) if arrived else _hints.linear_labels(logits, labels)
    if fits(labels.shape, positions):
        problem = f"labels are {labels.kind}, but labels of this shape are class indices"
        raise call.error(DtypeError, problem, expected=expected, hint=hint)
    if fits(labels.shape, logits.shape):
        problem = f"labels are {labels.kind}, but labels of the shape of the logits are one-hot or soft"
        raise call.error(DtypeError, problem, expected=expected, hint=hint)
    problem = f"labels do not fit logits with classes on axis {axis}"
    raise call.error(ShapeError, problem, expected=expected, hint=hint)


def _label_values(call: Call, values: Iterable[int] | None, classes: int | None) -> tuple[int, ...] | None:
    if values is None:
        return None
    numbers = tuple(integer(call, "label_values", value) or 0 for value in values)
    if len(set(numbers)) < len(numbers):
        raise call.error(ConfigError, f"label_values={numbers} names a value twice", expected="one value per class")
    if classes is not None and len(numbers) != classes:
        problem = f"label_values={numbers} names {len(numbers)} values for {classes} classes"
        expected = f"logits with {len(numbers)} classes, or {classes} label values"
        raise call.error(ShapeError, problem, expected=expected)
    return numbers


def _ignored_class(ignore_index: int | None, values: tuple[int, ...] | None, classes: int | None) -> int | None:
    if ignore_index is None:
        return None
    if values is not None:
        return values.index(ignore_index) if ignore_index in values else None
    return ignore_index if ignore_index >= 0 and (classes is None or ignore_index < classes) else None


def _check_class_weight(call: Call, weight: ArraySpec | None, positions: Shape, classes: int | None) -> None:
    if weight is None:
        return
    check_kind(call, weight, "int", "float")
    if not fits(weight.shape, (classes,)) and not (positions[1:] and fits(weight.shape, (positions[-1], classes))):
        expected = f"class_weight (classes,) = {shape_text((classes,))}"
        if positions[1:]:
            expected += f", or (outputs, classes) = {shape_text((positions[-1], classes))}"
        raise call.error(ShapeError, "class_weight does not fit the logits", expected=expected)
