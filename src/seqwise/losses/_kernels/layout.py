"""Where the numbers of a tensor stand in memory."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Layout", "layout"]


class Layout(NamedTuple):
    """Where the numbers of a tensor stand: positions in two axes, classes in one; strides are in numbers."""

    outer: int
    inner: int
    classes: int
    outer_stride: int
    inner_stride: int
    class_stride: int


@functools.lru_cache(maxsize=1024)
def layout(shape: Sequence[int], strides: Sequence[int], axis: int) -> Layout | None:
    """The layout of a tensor with its classes on this axis; None when positions need more than two axes.

    Example:
        >>> layout((8, 20, 5), (100, 5, 1), 2)
        Layout(outer=1, inner=160, classes=5, outer_stride=0, inner_stride=5, class_stride=1)
        >>> layout((8, 5, 20), (100, 20, 1), 1)
        Layout(outer=8, inner=20, classes=5, outer_stride=100, inner_stride=1, class_stride=20)
    """
    joined: list[tuple[int, int]] = []  # (size, stride) of axes that could not be joined
    for place, (size, stride) in enumerate(zip(shape, strides, strict=True)):
        if place == axis or size == 1:
            continue
        if joined and joined[-1][1] == size * stride:
            size, stride = joined.pop()[0] * size, stride
        joined.append((size, stride))
    if len(joined) > 2:
        return None
    (outer, outer_stride), (inner, inner_stride) = [(1, 0)] * (2 - len(joined)) + joined
    return Layout(outer, inner, shape[axis], outer_stride, inner_stride, strides[axis])
