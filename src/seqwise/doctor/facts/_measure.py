"""Calls of a loss with small arrays: how large they are, how its numbers grow with the batch, how exact they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import numpy as np

from seqwise.doctor.called_loss import CallFailed, Channel, Loss
from seqwise.doctor.frameworks import Array

__all__ = [
    "TOLERANCE",
    "alike",
    "copies",
    "grain",
    "lengths_mask",
    "remembered",
    "scaling",
    "sizes",
    "slack",
    "smooth_curve",
    "some_label",
    "tried",
]

_T = TypeVar("_T")

TOLERANCE = 1e-3
"""Relative to 1 or to the change that is compared with; measurements in float32 are good to about 1e-5."""


def remembered(measure: Callable[[Loss], _T]) -> Callable[[Loss], _T]:
    """Measures a loss once."""

    @wraps(measure)
    def once(loss: Loss) -> _T:
        if measure.__name__ not in loss.facts:
            loss.facts[measure.__name__] = measure(loss)
        found: _T = loss.facts[measure.__name__]
        return found

    return once


def sizes(classes: int) -> list[tuple[int, int]]:
    """Two sizes (B, T), in which no two axes are equal and T is once below and once above C where it can be."""
    possible = [(3, 4), (2, 6), (4, 3), (6, 2), (7, 3), (3, 8), (2, 9), (5, 4), (4, 7)]
    fitting = [(b, t) for b, t in possible if classes not in (b, t)]
    below = [size for size in fitting if size[1] < classes]
    above = [size for size in fitting if size[1] > classes]
    return [*below[:1], *above[: 2 - len(below[:1])]]


def lengths_mask(lengths: list[int], steps: int | None = None) -> Array:
    """The mask (B, T) of lengths."""
    return np.arange(steps or max(lengths))[None, :] < np.array(lengths)[:, None]


def copies(loss: Loss, logits: Array, label: int | Array, rows: int = 0, steps: int = 0) -> float:
    """The loss of a batch whose positions are all alike."""
    return loss.value(*alike(logits, label, (rows, steps) if rows else sizes(loss.classes)[0]))


def alike(logits: Array, label: int | Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """A batch whose positions are all alike."""
    return np.tile(logits, (*size, 1)), np.broadcast_to(np.asarray(label), (*size, *np.shape(label))).copy()


def some_label(loss: Loss) -> int | Array:
    """A label that counts: the last class, or every other yes."""
    if loss.reading.labels == "binary":
        return np.arange(loss.classes) % 2
    return loss.allowed_labels()[-1]


def _span(loss: Loss, pair: list[tuple[Array, Array]], axis: int | None) -> float:
    """The loss of one batch less that of another, each as it is or repeated along an axis."""

    def repeated(array: Array) -> Array:
        return array if axis is None else np.repeat(array, 2, axis)

    first, second = (loss.value(repeated(logits), repeated(labels)) for logits, labels in pair)
    return second - first


@remembered
def scaling(loss: Loss) -> tuple[bool, bool]:
    """Whether the loss doubles when all rows, and when all steps, are given twice: (True, True) for a sum.

    All positions are alike, so that a row more or less in the average does not matter; where that gives a constant, as
    with a softmax over the batch, they are not.
    """
    size = sizes(loss.classes)[0]
    label = some_label(loss)
    copied = [alike(one, label, size) for one in np.random.default_rng(2).normal(0.0, 1.5, (2, loss.classes))]
    for pair in (copied, [loss.data(*size, seed=seed) for seed in (0, 1)]):
        once, rows, steps = (abs(_span(loss, pair, axis)) for axis in (None, 0, 1))
        if once > 1e-4:
            return rows > 1.5 * once, steps > 1.5 * once
    return False, False


def smooth_curve(loss: Loss, logits: Array, labels: Array, width: float = 0.4) -> tuple[Array, Array, Array]:
    """Amounts by which the first logits grow, the losses, and the smooth curve through those."""
    amounts = np.linspace(0.0, width, 9)
    values = np.array([loss.value(logits + amount * np.eye(loss.classes)[0], labels) for amount in amounts])
    return amounts, values, np.polyval(np.polyfit(amounts, values, 4), amounts)


@remembered
def grain(loss: Loss) -> float:
    """How coarse the numbers of a loss are: how far from a smooth curve when logits change a little, and even less.

    A kink, as in a hinge loss, is far from a smooth curve only when the change is large enough to meet it.
    """
    logits, labels = loss.data(*sizes(loss.classes)[0])
    found = []
    for width in (0.4, 0.04):
        _, values, curve = smooth_curve(loss, logits, labels, width)
        found.append(float(np.abs(values - curve).max()) if np.isfinite(values).all() else 0.0)
    return min(found)


def slack(loss: Loss, least: float = TOLERANCE) -> float:
    """By how much numbers may differ that are equal but for rounding; wide for a loss that rounds to half precision."""
    coarse = grain(loss)
    return max(least, 30.0 * coarse) if coarse > 1e-5 else least


def tried(
    loss: Loss, logits: Array, labels: Array, counts: Array | None = None, channel: Channel | None = None
) -> bool:
    """Whether a call works and gives finite numbers, not more than there are cells."""
    try:
        result = loss.array(logits, labels, counts, channel)
    except CallFailed:
        return False
    return bool(np.isfinite(result).all()) and result.size in (1, *_result_sizes(logits))


def _result_sizes(logits: Array) -> tuple[int, ...]:
    """One number for each row, step, position or cell; a row or step may be lost."""
    rows, steps, classes = logits.shape
    return rows, rows * steps, rows * steps * classes, steps, (rows - 1) * steps, rows * (steps - 1), rows * steps - 1
