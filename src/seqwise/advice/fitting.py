"""One problem against the facts: the reading in which they are this problem, or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

from seqwise.advice.array_statistics import ArrayStatistics
from seqwise.advice.matching import KEEP_STEPS, match, without_inner_axis
from seqwise.advice.problems import Problem
from seqwise.advice.reading import Change, Reading, Shape, Strain, View
from seqwise.advice.value_classes import values_of_classes
from seqwise.shapes import shape_text

__all__ = ["read"]

_FINAL_STATES = 8
"""First axes of (layers x directions, batch, features) are not longer than this."""


def read(problem: Problem, facts: ArrayStatistics, *, one_hot: bool) -> Reading | None:
    """The least strained reading of the facts as this problem; None when they cannot be this problem.

    Args:
        problem: the problem.
        facts: what is known.
        one_hot: whether to read the last axis of the labels as one-hot classes.
    """
    if not _may_be(problem, facts, one_hot):
        return None
    rank = len(problem.label_axes) + one_hot
    found = [
        reading
        for view in _views(facts, rank, problem.per_step)
        if (reading := _with_logits(problem, facts, view, one_hot)) is not None
        if (reading := _with_states(reading, facts)) is not None
        if (reading := _with_lengths(reading, facts)) is not None
        if (reading := _with_mask(reading, facts)) is not None
    ]
    return min(found, key=lambda reading: reading.strain, default=None)


def _may_be(problem: Problem, facts: ArrayStatistics, one_hot: bool) -> bool:
    """Whether the values of the labels allow it."""
    if one_hot:
        seen = facts.rows_sum_to_1
        return problem.chooses and facts.are_zero_or_one and (seen or (seen is None and facts.logits is not None))
    if problem.chooses:
        are_shares = facts.labels.data is not None and facts.labels.kind == "float" and facts.values is None
        return not are_shares
    if problem.inner is None and facts.values is None and facts.logits is None:
        return False
    return facts.are_zero_or_one


def _changed(reading: Reading, strain: int, *changes: Change) -> Reading:
    """The reading with changes more, which come first."""
    return replace(reading, strain=reading.strain + strain, changes=(*changes, *reading.changes))


def _views(facts: ArrayStatistics, rank: int, per_step: bool) -> Iterator[View]:
    """The labels with so many axes, as they are or after a change that keeps their numbers."""
    shape, text, logits = facts.labels.shape, f"labels {shape_text(facts.labels.shape)}", facts.logits
    if len(shape) == rank:
        # A batch of one with several axes of labels is more often an axis too many, and so is an axis of one label.
        strain = Strain.OTHER_HEAD if shape[0] == 1 and rank > 2 else Strain.NONE
        yield View(shape, (), Strain.FAR_FETCHED if 1 in shape[1:] else strain)
    if len(shape) == rank + 1 and shape[0] == 1:
        wrong, do = f"{text}: axis 0 has size 1 and is not the batch", "take labels[0]"
        if logits is not None and logits.shape[0] == 1:
            wrong = f"{facts.scores} {shape_text(logits.shape)}, {text}: axis 0 has size 1 in both"
            do = f"take {facts.scores}[0] and labels[0]: axis 0 is the batch then"
        yield View.after(shape[1:], wrong, do, is_stray=True)
    if len(shape) == rank + 1 and shape[-1] == 1:
        yield View.after(shape[:-1], f"{text}: the last axis has size 1", "take labels[..., 0]")
    if len(shape) == rank + 1:
        yield from without_inner_axis(shape, text, "labels")
    if per_step and rank == 2:
        yield from _views_of_steps(facts, text)


def _views_of_steps(facts: ArrayStatistics, text: str) -> Iterator[View]:
    """Labels of steps whose axes are swapped or flattened, against logits or states that are not."""
    shape, steps = facts.labels.shape, facts.logits or facts.hidden
    if steps is None or len(steps.shape) != 3:
        return
    batch_and_time = steps.shape[:2]
    if shape[::-1] == batch_and_time != shape:
        name = facts.scores if facts.logits else "states"
        yield View.after(batch_and_time, f"{text}: axis 1 is the batch, as axis 0 of the {name}", "take labels.T")
    if shape == (prod(batch_and_time),) and batch_and_time[1] > 1:
        wrong = f"{text}: batch and time are flattened into one axis"
        do = f"keep them apart, labels.reshape{shape_text(batch_and_time)}: lengths and masks need them"
        yield View.after(batch_and_time, wrong, do)


def _with_logits(problem: Problem, facts: ArrayStatistics, labels: View, one_hot: bool) -> Reading | None:
    """The reading of labels in this view, once logits and values fit them."""
    positions = labels.shape[:-1] if one_hot else labels.shape
    one_hot_classes = labels.shape[-1] if one_hot else None
    found = match(facts, problem, positions, one_hot_classes, stray=labels.is_stray)
    if found is None or (one_hot and facts.rows_sum_to_1 is None and found.strain > Strain.SAME_NUMBERS):
        return None
    values, missing = None, facts.missing
    if problem.chooses and not one_hot:
        values, missing = values_of_classes(facts, found.classes)
    changes = [*labels.changes, *found.changes, *_kind_changes(problem, facts, one_hot)]
    if missing is not None and facts.missing is None:
        wrong = f"label {missing} is none of the {found.classes} classes"
        changes.append(Change(wrong, f"it marks what does not count: pass ignore_index={missing}"))
    return Reading(
        problem,
        positions,
        found.classes,
        classes_known=one_hot or not problem.chooses or found.says_classes or facts.values is not None,
        label_kind="float" if one_hot else "int" if problem.chooses else facts.labels.kind,
        one_hot=one_hot,
        values=values,
        missing=missing,
        states=found.states,
        changes=tuple(changes),
        strain=labels.strain + found.strain,
    )


def _kind_changes(problem: Problem, facts: ArrayStatistics, one_hot: bool) -> Iterator[Change]:
    """The error in the data type of labels or logits."""
    kind = facts.labels.kind
    if facts.softmax_was_applied:
        yield Change(
            "logits lie from 0 to 1 and sum to 1: they look like probabilities",
            "leave the softmax out, the loss applies it; or, where only probabilities are at hand, from_logits=False",
        )
    if facts.logits is not None and facts.logits.kind != "float":
        yield Change(f"{facts.scores} are {facts.logits.kind}", "cast them to a floating-point type")
    if facts.has_nan:
        cast = "" if not problem.chooses or one_hot else " and cast to integers"
        yield Change(
            "labels are NaN where they are missing",
            f"pass mask=~isnan(labels), then put any label in place of NaN{cast}",
        )
    elif problem.chooses and not one_hot and kind == "float":
        yield Change(
            "labels are float",
            "cast them to integers: torch reads float labels in the shape of the logits as probabilities, "
            "without a word",
        )
    if problem.chooses and kind == "bool" and not one_hot:
        yield Change("labels are bool", "cast them to integers")
    if kind == "text" and facts.values is None:
        yield Change("labels are text", "give each a class index; which, the code shows once --values names them")
    if one_hot and kind != "float":
        yield Change(f"one-hot labels are {kind}", "cast them to float; or pass class indices, labels.argmax(-1)")


def _with_states(reading: Reading, facts: ArrayStatistics) -> Reading | None:
    """The reading with the shape of the encoder's states, once they fit."""
    if facts.hidden is None:
        return reading
    shape, positions = facts.hidden.shape, reading.positions
    text = f"hidden {shape_text(shape)}"
    steps = positions[1:2] if reading.problem.per_step else shape[1:2]
    if shape[:1] + shape[1:2] == positions[:1] + steps and len(shape) == 3:
        return replace(reading, states=shape)
    if len(shape) == 2 and shape[0] == positions[0]:
        if not reading.problem.per_step:
            return replace(reading, states=shape)
        change = Change(f"{text}: one vector per sequence cannot label its steps", f"keep every state ({KEEP_STEPS})")
        return _changed(reading, Strain.OTHER_HEAD, change)
    if len(shape) != 3 or shape[1] != positions[0]:
        return None
    if not reading.problem.per_step and shape[0] <= _FINAL_STATES:
        return _with_final_states(reading, shape, text)
    if reading.problem.per_step and shape[0] != positions[1]:
        return None
    change = Change(
        f"{text}: the batch is on axis 1, time comes first",
        "swap them, hidden.swapaxes(0, 1), or build the layer with batch_first=True",
    )
    turned = (shape[1], shape[0], shape[2])
    return _changed(replace(reading, states=turned), Strain.SAME_NUMBERS, change)


def _with_final_states(reading: Reading, shape: Shape, text: str) -> Reading:
    """The reading where torch's h_n arrived."""
    one = shape[0] == 1
    do = (
        "take hidden[0]"
        if one
        else "with two directions concatenate hidden[-2] and hidden[-1]: hidden[-1] alone is the backward one"
    )
    change = Change(
        f"{text}: the batch is on axis 1, as in torch's final states (layers x directions, batch, features)",
        f"{do}; in a padded batch pool the states of all steps instead, or pack the sequences",
    )
    states = (shape[1], shape[2] if one else 2 * shape[2])
    return _changed(replace(reading, states=states), Strain.SAME_NUMBERS, change)


def _with_lengths(reading: Reading, facts: ArrayStatistics) -> Reading | None:
    """The reading with a place for the lengths, once they fit."""
    if facts.lengths is None:
        return reading
    batch, shape = reading.positions[0], facts.lengths.shape
    changes = []
    if shape == (batch, 1):
        changes.append(Change(f"lengths {shape_text(shape)}: the last axis has size 1", "take lengths[:, 0]"))
    elif shape != (batch,):
        return None
    if facts.lengths.kind != "int":
        changes.append(Change(f"lengths are {facts.lengths.kind}", "cast them to integers"))
    if reading.problem.per_step:
        longest = 0 if facts.lengths.data is None else int(facts.lengths.data.max())
        if longest > reading.positions[1]:
            return None
        return _changed(replace(reading, lengths="loss"), len(changes), *changes)
    return _changed(replace(reading, lengths="pooling" if reading.is_pooled else None), len(changes), *changes)


def _with_mask(reading: Reading, facts: ArrayStatistics) -> Reading | None:
    """The reading with a place for the mask, once it fits."""
    if facts.mask is None:
        return replace(reading, mask="loss", mask_shape=reading.positions) if facts.has_nan else reading
    shape, positions = facts.mask.shape, reading.positions
    changes = []
    if facts.mask.kind != "bool":
        changes.append(Change(f"the mask is {facts.mask.kind}", "compare first, as in mask == 1: True = counts"))
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
    """A mask of the labels in another shape."""
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
