"""Decides what a call of a loss means from names, shapes, kinds of number and options; sees no array.

A `Plan` is made once per call, in the same words for every framework. Sizes that a framework does not
know yet are None and fit everything. Every error is a `ShapeError`, `DtypeError` or `ConfigError` with
the table of what arrived.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from seqwise.errors import ConfigError, DtypeError, ShapeError, did_you_mean, listed
from seqwise.losses import _hints
from seqwise.shapes import Arrived, Call, Shape, fits, shape_text

__all__ = ["REDUCTIONS", "Plan", "Reduction", "plan_binary_cross_entropy", "plan_cross_entropy"]

Reduction = Literal["none", "sum", "mean", "sequence_mean", "batch_mean", "per_output"]
REDUCTIONS: tuple[str, ...] = get_args(Reduction)

_LEAST_AXES = {"sequence_mean": 1, "batch_mean": 1, "per_output": 2}


@dataclass(frozen=True)
class Plan:
    """What a call of a loss means.

    Attributes:
        call: the function and everything that arrived, for messages.
        labels: how labels are given: `index` (class indices), `one-hot` (also soft) or `binary`.
        positions: the shape of the logits without the class axis; there is one loss for each.
        class_axis: the axis of the logits that holds the classes, counted from 0; None for binary labels.
        classes: the number of classes; None when it is not known yet.
        label_values: the values of index labels in class order; None when labels are class indices.
        ignore_index: index and binary labels of this value do not count; None when all do.
        ignored_class: the column of one-hot labels that `ignore_index` names; None when it names none.
        label_smoothing: the share of a label that is spread evenly over the classes.
        mask_missing: how many last axes the mask lacks against the positions.
        sample_weight_missing: how many last axes sample_weight lacks against the positions.
    """

    call: Call
    labels: Literal["index", "one-hot", "binary"]
    positions: Shape
    class_axis: int | None
    classes: int | None
    label_values: tuple[int, ...] | None
    ignore_index: int | None
    ignored_class: int | None
    label_smoothing: float
    mask_missing: int
    sample_weight_missing: int

    @property
    def within_sequence(self) -> tuple[int, ...]:
        """The axes of the positions inside one sequence: all but the batch."""
        return tuple(range(1, len(self.positions)))

    @property
    def within_output(self) -> tuple[int, ...]:
        """The axes of the positions that one output is averaged over: all but the last."""
        return tuple(range(len(self.positions) - 1))

    def check_reduction(self, reduction: str, denominator: object) -> None:
        """Refuses a reduction that does not exist, or that these shapes or this denominator cannot have."""
        error = self.call.error
        if reduction not in REDUCTIONS:
            hint = did_you_mean(reduction, REDUCTIONS)
            problem = f"there is no reduction '{reduction}'"
            raise error(ConfigError, problem, expected=f"one of {listed(REDUCTIONS)}", hint=hint or None)
        if denominator is not None and reduction in ("none", "sum"):
            problem = f"reduction='{reduction}' divides by nothing, so denominator has nothing to replace"
            raise error(ConfigError, problem, expected="a reduction that divides", hint="use reduction='mean'")
        if isinstance(denominator, int | float) and not 0 <= denominator < math.inf:
            raise error(ConfigError, f"denominator is {denominator}", expected="a finite number, 0 or more")
        least = _LEAST_AXES.get(reduction, 0)
        if len(self.positions) < least:
            problem = f"reduction='{reduction}' needs labels with {least} axes or more"
            axes = "(batch, ..., outputs)" if least == 2 else "(batch, ...)"
            raise error(ShapeError, problem, expected=f"one label for each of {axes}")


def plan_cross_entropy(
    *,
    logits: Arrived,
    labels: Arrived,
    class_axis: int,
    mask: Arrived | None,
    lengths: Arrived | None,
    ignore_index: int | None,
    label_values: Iterable[int] | None,
    class_weight: Arrived | None,
    sample_weight: Arrived | None,
    label_smoothing: float,
    call: str = "cross_entropy",
) -> Plan:
    """The plan of a loss over classes: logits with a class axis; labels are class indices, one-hot or soft.

    Raises:
        ShapeError: an array does not fit the logits.
        DtypeError: an array holds the wrong kind of number.
        ConfigError: an option has a value that makes no sense.
    """
    this = _call(call, logits, labels, mask, lengths, class_weight, sample_weight)
    _check_kind(this, logits, "float")
    axis = _class_axis(this, logits, class_axis)
    classes = logits.shape[axis]
    positions = logits.shape[:axis] + logits.shape[axis + 1 :]
    label_kind = _label_kind(this, logits, labels, axis)
    values = _label_values(this, label_values, classes)
    ignored = _integer(this, "ignore_index", ignore_index)
    _check_class_weight(this, class_weight, positions, classes)
    _check_lengths(this, lengths, positions)
    return Plan(
        call=this,
        labels=label_kind,
        positions=positions,
        class_axis=axis,
        classes=classes,
        label_values=values,
        ignore_index=ignored,
        ignored_class=_ignored_class(ignored, values, classes),
        label_smoothing=_smoothing(this, label_smoothing),
        mask_missing=_missing_axes(this, mask, positions, "bool"),
        sample_weight_missing=_missing_axes(this, sample_weight, positions, "int", "float"),
    )


def plan_binary_cross_entropy(
    *,
    logits: Arrived,
    labels: Arrived,
    mask: Arrived | None,
    lengths: Arrived | None,
    ignore_index: int | None,
    pos_weight: Arrived | None,
    sample_weight: Arrived | None,
    label_smoothing: float,
    call: str = "binary_cross_entropy",
) -> Plan:
    """The plan of a loss over yes-or-no labels: logits and labels have one shape.

    Raises:
        ShapeError: an array does not fit the logits.
        DtypeError: an array holds the wrong kind of number.
        ConfigError: an option has a value that makes no sense.
    """
    this = _call(call, logits, labels, mask, lengths, pos_weight, sample_weight)
    _check_kind(this, logits, "float")
    _check_kind(this, labels, "bool", "int", "float")
    positions = logits.shape
    if not positions or not fits(labels.shape, positions):
        expected = f"logits (batch, labels), labels {shape_text(positions) if positions else '(batch, labels)'}"
        hint = _hints.binary_labels(logits, labels)
        raise this.error(ShapeError, "labels do not have the shape of the logits", expected=expected, hint=hint)
    if pos_weight is not None:
        _check_kind(this, pos_weight, "int", "float")
        if not fits(pos_weight.shape, positions[-1:]):
            problem = "pos_weight does not fit the labels"
            raise this.error(ShapeError, problem, expected=f"pos_weight (labels,) = {shape_text(positions[-1:])}")
    _check_lengths(this, lengths, positions)
    return Plan(
        call=this,
        labels="binary",
        positions=positions,
        class_axis=None,
        classes=2,
        label_values=None,
        ignore_index=_integer(this, "ignore_index", ignore_index),
        ignored_class=None,
        label_smoothing=_smoothing(this, label_smoothing),
        mask_missing=_missing_axes(this, mask, positions, "bool"),
        sample_weight_missing=_missing_axes(this, sample_weight, positions, "int", "float"),
    )


def _call(name: str, *arrays: Arrived | None) -> Call:
    return Call(name, tuple(array for array in arrays if array is not None))


def _check_kind(call: Call, array: Arrived, *kinds: str) -> None:
    if array.kind not in kinds:
        problem = f"{array.name} are {array.kind}" if array.name[-1] == "s" else f"{array.name} is {array.kind}"
        expected = f"{array.name} {' or '.join(kinds)}"
        raise call.error(DtypeError, problem, expected=expected, hint=_hints.wrong_kind(array))


def _class_axis(call: Call, logits: Arrived, class_axis: int) -> int:
    """The class axis counted from 0."""
    rank = len(logits.shape)
    axis = operator.index(class_axis)
    if not -rank <= axis < rank:
        problem = f"class_axis={axis} does not exist in logits with {rank} axes"
        raise call.error(ShapeError, problem, expected="logits (batch, ..., classes)")
    if logits.shape[axis] == 0:
        raise call.error(ShapeError, f"class_axis={axis} of the logits has size 0", expected="1 class or more")
    return axis % rank


def _label_kind(call: Call, logits: Arrived, labels: Arrived, axis: int) -> Literal["index", "one-hot"]:
    """Whether labels are class indices or one-hot, which their shape and kind of number must agree on."""
    positions = logits.shape[:axis] + logits.shape[axis + 1 :]
    if fits(labels.shape, positions) and labels.kind == "int":
        return "index"
    if fits(labels.shape, logits.shape) and labels.kind == "float":
        return "one-hot"
    expected = f"labels int {shape_text(positions)}, or one-hot float {shape_text(logits.shape)}"
    hint = _hints.class_labels(logits, labels, axis)
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
    numbers = tuple(_integer(call, "label_values", value) or 0 for value in values)
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


def _check_class_weight(call: Call, weight: Arrived | None, positions: Shape, classes: int | None) -> None:
    if weight is None:
        return
    _check_kind(call, weight, "int", "float")
    if not fits(weight.shape, (classes,)) and not (positions[1:] and fits(weight.shape, (positions[-1], classes))):
        expected = f"class_weight (classes,) = {shape_text((classes,))}"
        if positions[1:]:
            expected += f", or (outputs, classes) = {shape_text((positions[-1], classes))}"
        raise call.error(ShapeError, "class_weight does not fit the logits", expected=expected)


def _check_lengths(call: Call, lengths: Arrived | None, positions: Shape) -> None:
    if lengths is None:
        return
    _check_kind(call, lengths, "int")
    if len(positions) < 2:
        problem = "lengths need labels with a time axis"
        raise call.error(ShapeError, problem, expected="one label for each of (batch, time, ...)")
    if not fits(lengths.shape, positions[:1]):
        expected = f"lengths (batch,) = {shape_text(positions[:1])}"
        raise call.error(ShapeError, "lengths do not fit the labels", expected=expected)


def _missing_axes(call: Call, array: Arrived | None, positions: Shape, *kinds: str) -> int:
    """How many last axes a mask or weight lacks; those it has are of the positions' size, or of size 1."""
    if array is None:
        return 0
    _check_kind(call, array, *kinds)
    wanted = positions[: len(array.shape)]
    if not fits(tuple(None if size == 1 else size for size in array.shape), wanted):
        expected = f"{array.name} {shape_text(positions)}, or its first axes, with size 1 where one value serves all"
        hint = _hints.left_aligned(array, positions)
        raise call.error(ShapeError, f"{array.name} does not fit the labels", expected=expected, hint=hint)
    return len(positions) - len(array.shape)


def _integer(call: Call, name: str, value: object) -> int | None:
    if value is None:
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise call.error(ConfigError, f"{name} has {value!r} in it", expected=f"{name} of integers") from None


def _smoothing(call: Call, share: float) -> float:
    if not 0 <= share <= 1:
        raise call.error(ConfigError, f"label_smoothing is {share}", expected="a share from 0 to 1")
    return float(share)
