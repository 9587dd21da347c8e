"""Interpretation of the statistics as one problem, with the changes it would need."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from seqwise.advice.array_statistics import Value
from seqwise.advice.problems import Problem
from seqwise.shapes import shape_text

__all__ = ["Change", "Penalty", "Reading", "Shape", "View", "head_size_text", "head_text", "logits_shape"]

Shape = tuple[int, ...]


class Penalty(IntEnum):
    """How far-reaching a change is; readings with a low total are likelier."""

    NONE = 0
    SAME_NUMBERS = 1
    OTHER_HEAD = 2
    OTHER_MODEL = 3
    FAR_FETCHED = 4


@dataclass(frozen=True)
class Change:
    """A problem of the input and its fix.

    Attributes:
        wrong: the problem.
        do: the fix.
    """

    wrong: str
    do: str


@dataclass(frozen=True)
class View:
    """An array in another shape.

    Attributes:
        shape: the shape.
        changes: the changes that give the array this shape; none if it has it.
        penalty: how far-reaching these changes are.
        is_stray: whether an extra first axis of size 1 was removed, which the logits may have too.
    """

    shape: Shape
    changes: tuple[Change, ...] = ()
    penalty: int = Penalty.NONE
    is_stray: bool = False

    @classmethod
    def after(cls, shape: Shape, wrong: str, do: str, *, is_stray: bool = False) -> View:
        """Return the view after a change that keeps the numbers of the array."""
        return cls(shape, (Change(wrong, do),), Penalty.SAME_NUMBERS, is_stray)


@dataclass(frozen=True)
class Reading:
    """The statistics interpreted as one problem.

    Attributes:
        problem: the problem.
        positions: the expected shape of the labels, without one-hot classes.
        classes: the number of classes; 2 for a yes or a no.
        classes_known: whether values or logits determine the number of classes; otherwise it is an example.
        label_kind: the expected kind of number of the labels.
        one_hot: whether labels are one-hot or soft.
        values: the value of each class; None where labels are class indices, or 1 and 0 for yes and no.
        class_counts: the number of classes of each output, where outputs differ in it.
        missing: labels of this value do not count.
        states: the shape of the encoder's states that the head or the pooling reads; None if unknown.
        mask: whether the mask goes to the loss or the pooling; None without one.
        mask_shape: the shape it has there.
        lengths: whether the lengths go to the loss or the pooling; None without them.
        changes: the changes that are needed.
        penalty: how far-reaching these changes are.
    """

    problem: Problem
    positions: Shape
    classes: int
    classes_known: bool = True
    label_kind: str = "int"
    one_hot: bool = False
    values: tuple[Value, ...] | None = None
    class_counts: tuple[int, ...] | None = None
    missing: int | None = None
    states: Shape | None = None
    mask: Literal["loss", "pooling"] | None = None
    mask_shape: Shape = ()
    lengths: Literal["loss", "pooling"] | None = None
    changes: tuple[Change, ...] = ()
    penalty: int = 0

    @property
    def is_pooled(self) -> bool:
        """Whether the states of steps are pooled before the head."""
        return not self.problem.per_step and (self.states is None or len(self.states) == 3)

    @property
    def logits_shape(self) -> Shape:
        """The shape of the logits."""
        return logits_shape(self.problem, self.positions, self.classes)

    @property
    def labels_shape(self) -> Shape:
        """The expected shape of the labels."""
        return self.logits_shape if self.one_hot else self.positions

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each axis by its name."""
        return dict(zip(self.problem.logits_axes, self.logits_shape, strict=True))


def logits_shape(problem: Problem, positions: Shape, classes: int) -> Shape:
    """Return the shape of the logits for labels of these positions."""
    return (*positions, classes) if problem.chooses else positions


def head_size_text(problem: Problem, positions: Shape, classes: int) -> str:
    """Return the output size of the head as text: `47 * 3`, `3` or `1`."""
    if problem.chooses:
        return f"{positions[-1]} * {classes}" if problem.inner else f"{classes}"
    return f"{positions[-1]}" if problem.inner else "1"


def head_text(problem: Problem, positions: Shape, classes: int, features: int | None = None) -> str:
    """Return the layer before the loss, with its output shape, as text."""
    layer = f"Linear({features or 'hidden'}, {head_size_text(problem, positions, classes)})"
    shape = shape_text(logits_shape(problem, positions, classes))
    if problem.chooses and problem.inner:
        return f"{layer} -> reshape {shape}"
    if not problem.chooses and not problem.inner:
        return f"{layer} -> [..., 0] {shape}"
    return f"{layer} -> {shape}"
