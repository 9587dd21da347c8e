"""Where the numbers of tensors stand in memory, for a loop that walks several of them at once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Layout", "Strides", "joint_layout"]


class Strides(NamedTuple):
    """How far apart the numbers of a tensor are, in numbers, on each of the three axes of a layout."""

    outer: int
    inner: int
    classes: int


class Layout(NamedTuple):
    """Three axes, two of positions and one of classes, by which one loop walks several tensors of one shape.

    Attributes:
        outer: the size of the outer axis of positions.
        inner: the size of the inner one.
        classes: the number of classes.
        strides: those of each tensor.
    """

    outer: int
    inner: int
    classes: int
    strides: tuple[Strides, ...]


@functools.lru_cache(maxsize=1024)
def joint_layout(shape: Sequence[int], axis: int, *strides: Sequence[int]) -> Layout | None:
    """The one layout of all tensors of this shape and these strides; None when positions need more than two axes.

    Axes are joined only where they can be in every tensor.

    Args:
        shape: that of all the tensors.
        axis: the axis of the classes, from 0.
        strides: those of each tensor, in numbers.

    Examples:
        >>> joint_layout((8, 20, 5), 2, (100, 5, 1))
        Layout(outer=1, inner=160, classes=5, strides=(Strides(outer=0, inner=5, classes=1),))
        >>> part, whole = (105, 5, 1), (100, 5, 1)  # 20 of 21 steps, and a tensor without gaps
        >>> joint_layout((8, 20, 5), 2, part, whole)[:3]
        (8, 20, 5)
    """
    joined: list[tuple[int, tuple[int, ...]]] = []  # size and strides of axes that could not be joined
    for place, (size, *steps) in enumerate(zip(shape, *strides, strict=True)):
        if place == axis or size == 1:
            continue
        if joined and joined[-1][1] == tuple(size * step for step in steps):
            size *= joined.pop()[0]
        joined.append((size, tuple(steps)))
    if len(joined) > 2:
        return None
    (outer, by_outer), (inner, by_inner) = [(1, (0,) * len(strides))] * (2 - len(joined)) + joined
    by_class = (own[axis] for own in strides)
    return Layout(outer, inner, shape[axis], tuple(map(Strides, by_outer, by_inner, by_class)))
