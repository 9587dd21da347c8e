"""Interprets the statistics as one given problem, and lists what would have to change for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from seqwise.advice.array_statistics import Value
from seqwise.advice.problems import Problem
from seqwise.shapes import shape_text

__all__ = ["Change", "Reading", "Shape", "Strain", "View", "head_size_text", "head_text", "logits_shape"]

Shape = tuple[int, ...]


class Strain(IntEnum):
    """How much a change strains a reading."""

    NONE = 0
    SAME_NUMBERS = 1
    OTHER_HEAD = 2
    OTHER_MODEL = 3
    FAR_FETCHED = 4


@dataclass(frozen=True)
class Change:
    """Something that arrived wrong.

    Attributes:
        wrong: what is wrong with what.
        do: what to do.
    """

    wrong: str
    do: str


@dataclass(frozen=True)
class View:
    """An array in another shape.

    Attributes:
        shape: the shape.
        changes: what gives the array this shape; none where it has it.
        strain: how much that strains a reading.
        is_stray: whether a first axis of size 1 was taken away, which the logits may have too.
    """

    shape: Shape
    changes: tuple[Change, ...] = ()
    strain: int = Strain.NONE
    is_stray: bool = False

    @classmethod
    def after(cls, shape: Shape, wrong: str, do: str, *, is_stray: bool = False) -> View:
        """The view after a change that keeps the numbers of the array."""
        return cls(shape, (Change(wrong, do),), Strain.SAME_NUMBERS, is_stray)


@dataclass(frozen=True)
class Reading:
    """Interprets the statistics as this problem.

    Attributes:
        problem: the problem.
        positions: the shape of the labels as they have to arrive, without one-hot classes.
        classes: the number of classes; 2 for a yes or a no.
        classes_known: whether values or logits say how many there are; otherwise the number is an example.
        label_kind: the kind of number that labels have to be.
        one_hot: whether labels are one-hot or soft.
        values: the value of each class; None where labels are class indices, or 1 and 0 for yes and no.
        class_counts: the classes of each output, where outputs differ in it.
        missing: labels of this value do not count.
        states: the shape of the encoder's states that the head or the pooling reads; None where nothing says it.
        mask: where the mask goes, None where there is none.
        mask_shape: the shape it has there.
        lengths: where the lengths go.
        changes: what has to change.
        strain: how much that is.
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
    strain: int = 0

    @property
    def is_pooled(self) -> bool:
        """Whether states of steps have to become one vector before the head."""
        return not self.problem.per_step and (self.states is None or len(self.states) == 3)

    @property
    def logits_shape(self) -> Shape:
        """The shape of the logits."""
        return logits_shape(self.problem, self.positions, self.classes)

    @property
    def labels_shape(self) -> Shape:
        """The shape of the labels as they have to arrive."""
        return self.logits_shape if self.one_hot else self.positions

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each axis by its name."""
        return dict(zip(self.problem.logits_axes, self.logits_shape, strict=True))


def logits_shape(problem: Problem, positions: Shape, classes: int) -> Shape:
    """The shape of the logits for labels of these positions."""
    return (*positions, classes) if problem.chooses else positions


def head_size_text(problem: Problem, positions: Shape, classes: int) -> str:
    """How many numbers the head gives: `47 * 3`, `3` or `1`."""
    if problem.chooses:
        return f"{positions[-1]} * {classes}" if problem.inner else f"{classes}"
    return f"{positions[-1]}" if problem.inner else "1"


def head_text(problem: Problem, positions: Shape, classes: int, features: int | None = None) -> str:
    """The layer before the loss, and the shape of what it gives."""
    layer = f"Linear({features or 'hidden'}, {head_size_text(problem, positions, classes)})"
    shape = shape_text(logits_shape(problem, positions, classes))
    if problem.chooses and problem.inner:
        return f"{layer} -> reshape {shape}"
    if not problem.chooses and not problem.inner:
        return f"{layer} -> [..., 0] {shape}"
    return f"{layer} -> {shape}"
