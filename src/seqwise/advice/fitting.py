"""Fit of one problem to the statistics: the reading of the input as this problem, or None."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from seqwise.advice.array_statistics import ArrayStatistics
from seqwise.advice.matching import KEEP_STEPS, match, without_inner_axis
from seqwise.advice.problems import Problem
from seqwise.advice.reading import Change, Penalty, Reading, Shape, View
from seqwise.advice.value_classes import values_of_classes
from seqwise.shapes import shape_text

__all__ = ["read"]

_FINAL_STATES = 8
"""Maximum size of the first axis of (layers x directions, batch, features)."""


def read(problem: Problem, statistics: ArrayStatistics, *, one_hot: bool) -> Reading | None:
    """Return the reading of the statistics as this problem with the least penalty; None when they do not fit it.

    Args:
        problem: the problem.
        statistics: statistics of the input.
        one_hot: whether to read the last axis of the labels as one-hot classes.
    """
    if not _may_be(problem, statistics, one_hot):
        return None
    rank = len(problem.label_axes) + one_hot
    found = [
        reading
        for view in _views(statistics, rank, problem.per_step)
        if (reading := _with_logits(problem, statistics, view, one_hot)) is not None
        if (reading := _with_states(reading, statistics)) is not None
        if (reading := _with_lengths(reading, statistics)) is not None
        if (reading := _with_mask(reading, statistics)) is not None
    ]
    return min(found, key=lambda reading: reading.penalty, default=None)


def _may_be(problem: Problem, statistics: ArrayStatistics, one_hot: bool) -> bool:
    """Whether the values of the labels allow the problem."""
    if one_hot:
        seen = statistics.rows_sum_to_1
        return (
            problem.chooses
            and statistics.are_zero_or_one
            and (seen or (seen is None and statistics.logits is not None))
        )
    if problem.chooses:
        are_shares = (
            statistics.labels.data is not None and statistics.labels.kind == "float" and statistics.values is None
        )
        return not are_shares
    if problem.inner is None and statistics.values is None and statistics.logits is None:
        return False
    return statistics.are_zero_or_one


def _changed(reading: Reading, penalty: int, *changes: Change) -> Reading:
    """Return the reading with further changes in front."""
    return replace(reading, penalty=reading.penalty + penalty, changes=(*changes, *reading.changes))


def _views(statistics: ArrayStatistics, rank: int, per_step: bool) -> Iterator[View]:
    """Yield the labels with this number of axes, unchanged or after a change that keeps their numbers."""
    shape, text, logits = statistics.labels.shape, f"labels {shape_text(statistics.labels.shape)}", statistics.logits
    if len(shape) == rank:
        # A batch of one with several axes of labels is usually an extra axis, and so is an axis of one label.
        penalty = Penalty.OTHER_HEAD if shape[0] == 1 and rank > 2 else Penalty.NONE
        yield View(shape, (), Penalty.FAR_FETCHED if 1 in shape[1:] else penalty)
    if len(shape) == rank + 1 and shape[0] == 1:
        wrong, do = f"{text}: axis 0 has size 1 and is not the batch", "take labels[0]"
        if logits is not None and logits.shape[0] == 1:
            wrong = f"{statistics.scores} {shape_text(logits.shape)}, {text}: axis 0 has size 1 in both"
            do = f"take {statistics.scores}[0] and labels[0]: axis 0 is then the batch"
        yield View.after(shape[1:], wrong, do, is_stray=True)
    if len(shape) == rank + 1 and shape[-1] == 1:
        yield View.after(shape[:-1], f"{text}: the last axis has size 1", "take labels[..., 0]")
    if len(shape) == rank + 1:
        yield from without_inner_axis(shape, text, "labels")
    if per_step and rank == 2:
        yield from _views_of_steps(statistics, text)


def _views_of_steps(statistics: ArrayStatistics, text: str) -> Iterator[View]:
    """Yield labels of steps whose axes are swapped or flattened, unlike those of the logits or states."""
    shape, steps = statistics.labels.shape, statistics.logits or statistics.hidden
    if steps is None or len(steps.shape) != 3:
        return
    batch_and_time = steps.shape[:2]
    if shape[::-1] == batch_and_time != shape:
        name = statistics.scores if statistics.logits else "states"
        yield View.after(batch_and_time, f"{text}: axis 1 is the batch, like axis 0 of the {name}", "take labels.T")
    if shape == (prod(batch_and_time),) and batch_and_time[1] > 1:
        wrong = f"{text}: batch and time are flattened into one axis"
        do = f"keep them apart, labels.reshape{shape_text(batch_and_time)}: lengths and masks need them"
        yield View.after(batch_and_time, wrong, do)


def _with_logits(problem: Problem, statistics: ArrayStatistics, labels: View, one_hot: bool) -> Reading | None:
    """Return the reading of labels in this view, if logits and values fit them."""
    positions = labels.shape[:-1] if one_hot else labels.shape
    one_hot_classes = labels.shape[-1] if one_hot else None
    found = match(statistics, problem, positions, one_hot_classes, stray=labels.is_stray)
    if found is None or (one_hot and statistics.rows_sum_to_1 is None and found.penalty > Penalty.SAME_NUMBERS):
        return None
    values, missing = None, statistics.missing
    if problem.chooses and not one_hot:
        values, missing = values_of_classes(statistics, found.classes)
    changes = [*labels.changes, *found.changes, *_kind_changes(problem, statistics, one_hot)]
    if missing is not None and statistics.missing is None:
        wrong = f"label {missing} is not one of the {found.classes} classes"
        changes.append(Change(wrong, f"it marks labels that do not count: pass ignore_index={missing}"))
    return Reading(
        problem,
        positions,
        found.classes,
        classes_known=one_hot or not problem.chooses or found.says_classes or statistics.values is not None,
        label_kind="float" if one_hot else "int" if problem.chooses else statistics.labels.kind,
        one_hot=one_hot,
        values=values,
        missing=missing,
        states=found.states,
        changes=tuple(changes),
        penalty=labels.penalty + found.penalty,
    )


def _kind_changes(problem: Problem, statistics: ArrayStatistics, one_hot: bool) -> Iterator[Change]:
    """Yield the errors in the data type of labels or logits."""
    kind = statistics.labels.kind
    if statistics.softmax_was_applied:
        yield Change(
            "logits lie from 0 to 1 and sum to 1: they look like probabilities",
            "leave the softmax out, the loss applies it; or pass from_logits=False if you only have probabilities",
        )
    if statistics.logits is not None and statistics.logits.kind != "float":
        yield Change(f"{statistics.scores} are {statistics.logits.kind}", "cast them to a floating-point type")
    if statistics.has_nan:
        cast = "" if not problem.chooses or one_hot else " and cast to integers"
        yield Change(
            "labels are NaN where they are missing",
            f"pass mask=~isnan(labels), then replace NaN by any label{cast}",
        )
    elif problem.chooses and not one_hot and kind == "float":
        yield Change(
            "labels are float",
            "cast them to integers: torch silently takes float labels in the shape of the logits as probabilities",
        )
    if problem.chooses and kind == "bool" and not one_hot:
        yield Change("labels are bool", "cast them to integers")
    if kind == "text" and statistics.values is None:
        yield Change("labels are text", "map each to a class index; the code shows how once --values names them")
    if one_hot and kind != "float":
        yield Change(f"one-hot labels are {kind}", "cast them to float; or pass class indices, labels.argmax(-1)")


def _with_states(reading: Reading, statistics: ArrayStatistics) -> Reading | None:
    """Return the reading with the shape of the encoder's states, if they fit."""
    if statistics.hidden is None:
        return reading
    shape, positions = statistics.hidden.shape, reading.positions
    text = f"hidden {shape_text(shape)}"
    steps = positions[1:2] if reading.problem.per_step else shape[1:2]
    if shape[:1] + shape[1:2] == positions[:1] + steps and len(shape) == 3:
        return replace(reading, states=shape)
    if len(shape) == 2 and shape[0] == positions[0]:
        if not reading.problem.per_step:
            return replace(reading, states=shape)
        change = Change(f"{text}: one vector per sequence cannot label its steps", f"keep every state ({KEEP_STEPS})")
        return _changed(reading, Penalty.OTHER_HEAD, change)
    if len(shape) != 3 or shape[1] != positions[0]:
        return None
    if not reading.problem.per_step and shape[0] <= _FINAL_STATES:
        return _with_final_states(reading, shape, text)
    if reading.problem.per_step and shape[0] != positions[1]:
        return None
    change = Change(
        f"{text}: the batch is on axis 1, time is first",
        "swap them, hidden.swapaxes(0, 1), or build the layer with batch_first=True",
    )
    turned = (shape[1], shape[0], shape[2])
    return _changed(replace(reading, states=turned), Penalty.SAME_NUMBERS, change)


def _with_final_states(reading: Reading, shape: Shape, text: str) -> Reading:
    """Return the reading for hidden states that are torch's h_n."""
    one = shape[0] == 1
    do = (
        "take hidden[0]"
        if one
        else "with two directions concatenate hidden[-2] and hidden[-1]: hidden[-1] alone is the backward direction"
    )
    change = Change(
        f"{text}: the batch is on axis 1, as in torch's final states (layers x directions, batch, features)",
        f"{do}; in a padded batch pool the states of all steps instead, or pack the sequences",
    )
    states = (shape[1], shape[2] if one else 2 * shape[2])
    return _changed(replace(reading, states=states), Penalty.SAME_NUMBERS, change)


def _with_lengths(reading: Reading, statistics: ArrayStatistics) -> Reading | None:
    """Return the reading with the destination of the lengths, if they fit."""
    if statistics.lengths is None:
        return reading
    batch, shape = reading.positions[0], statistics.lengths.shape
    changes = []
    if shape == (batch, 1):
        changes.append(Change(f"lengths {shape_text(shape)}: the last axis has size 1", "take lengths[:, 0]"))
    elif shape != (batch,):
        return None
    if statistics.lengths.kind != "int":
        changes.append(Change(f"lengths are {statistics.lengths.kind}", "cast them to integers"))
    if reading.problem.per_step:
        longest = 0 if statistics.lengths.data is None else int(statistics.lengths.data.max())
        if longest > reading.positions[1]:
            return None
        return _changed(replace(reading, lengths="loss"), len(changes), *changes)
    return _changed(replace(reading, lengths="pooling" if reading.is_pooled else None), len(changes), *changes)


def _with_mask(reading: Reading, statistics: ArrayStatistics) -> Reading | None:
    """Return the reading with the destination of the mask, if it fits."""
    if statistics.mask is None:
        return replace(reading, mask="loss", mask_shape=reading.positions) if statistics.has_nan else reading
    shape, positions = statistics.mask.shape, reading.positions
    changes = []
    if statistics.mask.kind != "bool":
        changes.append(Change(f"the mask is {statistics.mask.kind}", "compare first, as in mask == 1: True = counts"))
    if _are_first_axes(shape, positions):
        return _changed(replace(reading, mask="loss", mask_shape=shape), len(changes), *changes)
    if reading.is_pooled and len(shape) == 2 and shape[0] == positions[0] and _may_be_steps(shape, reading):
        return _changed(replace(reading, mask="pooling", mask_shape=shape), len(changes), *changes)
    view = next(_views_of_mask(shape, positions), None)
    if view is None:
        return None
    changes += view.changes
    return _changed(replace(reading, mask="loss", mask_shape=view.shape), len(changes), *changes)


def _views_of_mask(shape: Shape, positions: Shape) -> Iterator[View]:
    """Yield a mask of the labels given in another shape."""
    text = f"mask {shape_text(shape)}"
    if shape[:-1] == positions:
        yield View.after(positions, f"{text}: it has a class axis", "one value for each label: take mask[..., 0]")
    if shape[0] == 1 and shape[1:] == positions:
        yield View.after(positions, f"{text}: axis 0 has size 1 and is not the batch", "take mask[0]")
    missing = len(positions) - len(shape)
    if missing > 0 and shape == positions[missing:]:
        whole = (1,) * missing + shape
        do = f"reshape it to {shape_text(whole)}: its axes are matched from the batch on"
        yield View.after(whole, f"{text}: it has no batch axis", do)


def _are_first_axes(shape: Shape, positions: Shape) -> bool:
    first = positions[: len(shape)]
    return len(shape) == len(first) and all(size in (1, wanted) for size, wanted in zip(shape, first, strict=True))


def _may_be_steps(shape: Shape, reading: Reading) -> bool:
    return reading.states is None or reading.states[1] == shape[1]
