"""Checks whether the shape of the logits matches the labels, and names the mismatch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from seqwise.advice.array_statistics import ArrayStatistics
from seqwise.advice.problems import Problem
from seqwise.advice.reading import Change, Penalty, Shape, View, head_text
from seqwise.advice.value_classes import guessed_classes, may_have_classes
from seqwise.shapes import shape_text

__all__ = ["KEEP_STEPS", "Match", "match", "without_inner_axis"]

KEEP_STEPS = "the first output of torch's layers, return_sequences=True in Keras"
"""How to get the states of every step."""

_MARKS = 2
"""Special tokens around a sequence: one at its beginning, one at its end."""


@dataclass(frozen=True)
class Match:
    """How logits fit the labels.

    Attributes:
        classes: the resulting number of classes.
        penalty: how far-reaching the changes are.
        changes: the changes that are needed.
        states: the logits' shape, if they are states that still need a head.
        says_classes: whether the logits determine the number of classes.
    """

    classes: int
    penalty: int = Penalty.NONE
    changes: tuple[Change, ...] = ()
    states: Shape | None = None
    says_classes: bool = False


@dataclass(frozen=True)
class _Wanted:
    """The shape that logits must match."""

    statistics: ArrayStatistics
    problem: Problem
    positions: Shape
    one_hot_classes: int | None

    @property
    def classes(self) -> int:
        """The number of classes, where the logits do not determine it."""
        return 2 if not self.problem.chooses else self.one_hot_classes or guessed_classes(self.statistics)

    @property
    def head(self) -> str:
        """The required head."""
        return head_text(self.problem, self.positions, self.classes)

    def between(self, features: int) -> str:
        """Return a hint for vectors that may be hidden states, or the output of a head of another size."""
        head = head_text(self.problem, self.positions, self.classes, features)
        return f"if these are states, a head goes between: {head}; if they are logits, change the size of their head"

    def may_be(self, classes: int) -> bool:
        """Whether this number of classes is possible."""
        if self.one_hot_classes is not None:
            return classes == self.one_hot_classes
        return may_have_classes(self.statistics, classes)

    def wrong(self, shape: Shape, problem: str) -> str:
        """Return the message for an error in logits of a given shape."""
        return f"{self.text(shape)}: {problem}"

    def text(self, shape: Shape) -> str:
        """Return the name and the shape of logits."""
        return f"{self.statistics.scores} {shape_text(shape)}"


def match(
    statistics: ArrayStatistics, problem: Problem, positions: Shape, one_hot_classes: int | None, *, stray: bool
) -> Match | None:
    """Return the best fit of the logits; None when there is none.

    Args:
        statistics: statistics of the input.
        problem: the problem they have to fit.
        positions: the shape of the labels, without one-hot classes.
        one_hot_classes: the number of classes of one-hot labels.
        stray: whether the labels had an extra first axis of size 1, which the logits then have too.
    """
    wanted = _Wanted(statistics, problem, positions, one_hot_classes)
    if statistics.logits is None:
        return Match(wanted.classes)
    found = [
        replace(rule, penalty=view.penalty + rule.penalty, changes=(*view.changes, *rule.changes))
        for view in (_like_stray_labels if stray else _views)(statistics.logits.shape, wanted)
        for rule in _rules(view.shape, wanted)
    ]
    return min(found, key=lambda rule: rule.penalty, default=None)


def _like_stray_labels(shape: Shape, wanted: _Wanted) -> Iterator[View]:
    """Yield the shape without the extra first axis, which the change of the labels already covers."""
    if shape[0] == 1 and len(shape) > 1:
        yield View(shape[1:])
    elif shape[0] == wanted.positions[0]:
        yield View(shape)


def _views(shape: Shape, wanted: _Wanted) -> Iterator[View]:
    """Yield the shape unchanged, and after each change that keeps its numbers."""
    positions, name = wanted.positions, wanted.statistics.scores
    yield View(shape)
    if len(shape) > 1 and shape[0] == 1 and positions[0] != 1:
        yield View.after(shape[1:], wanted.wrong(shape, "axis 0 has size 1 and is not the batch"), f"take {name}[0]")
    if len(shape) > 1 and shape[-1] == 1:
        yield View.after(shape[:-1], wanted.wrong(shape, "the last axis has size 1"), f"take {name}[..., 0]")
    if len(shape) > len(positions) and 1 not in positions[1:]:
        yield from without_inner_axis(shape, wanted.text(shape), name)
    if len(shape) > 2 and shape[0] != positions[0] == shape[1]:
        wrong = wanted.wrong(shape, "the batch is on axis 1, time is first")
        do = f"swap them, {name}.swapaxes(0, 1), or build the layer with batch_first=True"
        yield View.after((shape[1], shape[0], *shape[2:]), wrong, do)
    if len(positions) > 1 and len(shape) == 2 and shape[0] == prod(positions):
        whole = (*positions, shape[1])
        wrong = wanted.wrong(shape, "batch and the axes after it are flattened into one")
        do = f"keep them apart, {name}.reshape{shape_text(whole)}: lengths and masks need them"
        yield View.after(whole, wrong, do)


def without_inner_axis(shape: Shape, text: str, name: str) -> Iterator[View]:
    """Yield the shape without each axis of size 1 that is neither the first nor the last."""
    for axis in range(1, len(shape) - 1):
        if shape[axis] == 1:
            taken = f"take {name}[{':, ' * axis}0]"
            yield View.after(shape[:axis] + shape[axis + 1 :], f"{text}: axis {axis} has size 1", taken)


def _rules(shape: Shape, wanted: _Wanted) -> Iterator[Match]:
    if wanted.problem.chooses:
        yield from _classes_last(shape, wanted)
        yield from _classes_elsewhere(shape, wanted)
        yield from _one_number(shape, wanted)
        yield from _flat(shape, wanted)
        yield from _other_steps(shape, wanted)
    elif shape == wanted.positions:
        yield Match(2)
    yield from _vectors_of_steps(shape, wanted)
    yield from _other_size(shape, wanted)


def _classes_last(shape: Shape, wanted: _Wanted) -> Iterator[Match]:
    rank = len(shape)
    if shape[:-1] != wanted.positions or wanted.statistics.class_axis not in (None, -1, rank - 1):
        return
    size, classes = shape[-1], wanted.classes
    if wanted.may_be(size):
        yield Match(size, says_classes=True)
    elif size > classes and not wanted.problem.inner:
        wrong = wanted.wrong(shape, f"{size} numbers per label, but there are {classes} classes")
        yield Match(classes, Penalty.OTHER_HEAD, (Change(wrong, wanted.between(size)),), shape)
    elif size > 1:
        wrong = wanted.wrong(shape, f"{size} classes, but the labels have {classes}")
        yield Match(classes, Penalty.OTHER_HEAD, (Change(wrong, f"change the head: {wanted.head}"),))


def _classes_elsewhere(shape: Shape, wanted: _Wanted) -> Iterator[Match]:
    rank, said = len(shape), wanted.statistics.class_axis
    for axis in range(1, rank - 1) if said is None else [said % rank]:
        classes = shape[axis]
        if axis < rank - 1 and shape[:axis] + shape[axis + 1 :] == wanted.positions and wanted.may_be(classes):
            wrong = wanted.wrong(shape, f"the classes are on axis {axis}, torch's own layout")
            do = f"pass class_axis={axis}; or keep the classes last, as the code below does, and transpose nothing"
            yield Match(classes, Penalty.SAME_NUMBERS, (Change(wrong, do),), says_classes=True)


def _one_number(shape: Shape, wanted: _Wanted) -> Iterator[Match]:
    if shape == wanted.positions:
        several = "several" if wanted.statistics.values is None else wanted.classes
        wrong = wanted.wrong(shape, f"one number per label cannot select one of {several} classes")
        yield Match(wanted.classes, Penalty.OTHER_HEAD, (Change(wrong, f"change the head: {wanted.head}"),))


def _flat(shape: Shape, wanted: _Wanted) -> Iterator[Match]:
    positions = wanted.positions
    if not _differ_in_last_axis(shape, positions):
        return
    classes, rest = divmod(shape[-1], positions[-1])
    if rest == 0 and wanted.may_be(classes):
        wrong = wanted.wrong(shape, f"{positions[-1]} x {classes} numbers in one axis")
        do = f"split it: {wanted.statistics.scores}.reshape{shape_text((*positions, classes))}"
        yield Match(classes, Penalty.SAME_NUMBERS, (Change(wrong, do),), says_classes=True)


def _other_steps(shape: Shape, wanted: _Wanted) -> Iterator[Match]:
    """Yield logits with a step or two more or fewer than the labels, as start and end tokens cause."""
    positions, size = wanted.positions, shape[-1]
    if not wanted.problem.per_step or len(shape) != len(positions) + 1 or not wanted.may_be(size):
        return
    if shape[:1] + shape[2:-1] == positions[:1] + positions[2:] and 0 < abs(shape[1] - positions[1]) <= _MARKS:
        wrong = wanted.wrong(shape, f"{shape[1]} steps, but the labels have {positions[1]}")
        do = "leave out the steps that have no label, such as start and end tokens, in both"
        yield Match(size, Penalty.OTHER_HEAD, (Change(wrong, do),), says_classes=True)


def _vectors_of_steps(shape: Shape, wanted: _Wanted) -> Iterator[Match]:
    """Yield (batch, time, n) for labels of whole sequences: logits of steps, or states of any size."""
    problem, positions = wanted.problem, wanted.positions
    if problem.per_step or len(shape) != 3 or shape[0] != positions[0] or shape[1] in (1, *positions[1:2]):
        return
    size = shape[-1]
    per_label, rest = divmod(size, positions[-1] if problem.inner else 1)
    are_logits = rest == 0 and (wanted.may_be(per_label) if problem.chooses else per_label == 1)
    classes = per_label if are_logits and problem.chooses else wanted.classes
    head = head_text(problem, positions, classes, None if are_logits else size)
    wrong = wanted.wrong(shape, f"{size} numbers per step, but the labels are per sequence")
    do = f"pool the states over the steps that count, then apply the head: {head}"
    states = None if are_logits else shape
    yield Match(classes, Penalty.OTHER_HEAD, (Change(wrong, do),), states, says_classes=are_logits)


def _other_size(shape: Shape, wanted: _Wanted) -> Iterator[Match]:
    """Yield logits with as many axes as the labels, and another size of the last one."""
    positions, problem, classes = wanted.positions, wanted.problem, wanted.classes
    if not _differ_in_last_axis(shape, positions):
        return
    size = shape[-1]
    if problem.inner is None:
        wrong = wanted.wrong(shape, "one row of numbers per sequence, but there is a label for every step")
        do = f"keep the states of every step ({KEEP_STEPS}), then apply the head: {wanted.head}"
        are_logits = wanted.statistics.values is not None and wanted.may_be(size)
        yield Match(classes, Penalty.OTHER_HEAD if are_logits else Penalty.OTHER_MODEL, (Change(wrong, do),))
        return
    needed = positions[-1] * classes if problem.chooses else positions[-1]
    counted = f"{positions[-1]} outputs of {classes} classes" if problem.chooses else f"{positions[-1]} labels"
    wrong = wanted.wrong(shape, f"{size} numbers, but {counted} need {needed}")
    if problem.chooses and wanted.statistics.values is not None and wanted.may_be(size):
        yield Match(classes, Penalty.OTHER_MODEL, (Change(wrong, f"change the head: {wanted.head}"),))
        return
    yield Match(classes, Penalty.OTHER_HEAD, (Change(wrong, wanted.between(size)),), shape)


def _differ_in_last_axis(shape: Shape, positions: Shape) -> bool:
    return len(shape) == len(positions) > 1 and shape[:-1] == positions[:-1] and shape[-1] != positions[-1]
