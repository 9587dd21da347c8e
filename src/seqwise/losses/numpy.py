"""The losses for NumPy: the reference. All is computed in float64, and values are always checked.

What shapes, options and edge cases mean is said once, in `seqwise.losses`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqwise.errors import ConfigError, listed
from seqwise.losses import _formulas
from seqwise.losses import _numpy_terms as at_every_position
from seqwise.losses._numpy_terms import Terms
from seqwise.losses._plan import Reduction

__all__ = ["LossSum", "binary_cross_entropy", "cross_entropy", "loss_sum"]

Loss = NDArray[np.float64]
"""An array of losses; one number is an array without axes, and behaves as a float."""


@dataclass(frozen=True)
class LossSum:
    """A sum of losses and the number it is to be divided by: what adds up exactly over batches.

    Attributes:
        sum: the sum of the losses that count.
        count: the sum of the weights of what counts; without weights, how many labels count.

    Example:
        >>> float(sum([LossSum(np.float64(3), np.float64(1)), LossSum(np.float64(1), np.float64(3))]).mean())
        1.0
    """

    sum: Loss
    count: Loss

    def __add__(self, other: LossSum) -> LossSum:
        return LossSum(self.sum + other.sum, self.count + other.count)

    def __radd__(self, zero: int) -> LossSum:
        """`sum(parts)` starts from the number 0."""
        return self if zero == 0 else NotImplemented

    def mean(self) -> Loss:
        """The sum divided by the count; 0 where the count is 0."""
        mean: Loss = _formulas.divided(self.sum, self.count, xp=np)[()]
        return mean


def cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    class_axis: int = -1,
    mask: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    ignore_index: int | None = None,
    label_values: Sequence[int] | None = None,
    class_weight: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
    reduction: Reduction = "mean",
    denominator: float | ArrayLike | None = None,
) -> Loss:
    """Cross-entropy of labels that are one of C classes: per sequence, per step, or for each of K outputs.

    Args:
        logits: (batch, ..., classes) floats.
        labels: (batch, ...) integers, or the shape of the logits for one-hot and soft labels (floats).
        class_axis: where the classes are; 1 for (batch, classes, ...).
        mask: (batch, ...) booleans, or the first axes of it; True = this label counts.
        lengths: (batch,) integers; the first `lengths[b]` steps of axis 1 of the labels count.
        ignore_index: labels with this value do not count.
        label_values: the label of each class, such as (-1, 0, 1); class indices when not given.
        class_weight: (classes,) or (outputs, classes).
        sample_weight: (batch, ...), or the first axes of it.
        label_smoothing: the share of each label spread evenly over the classes, 0..1.
        from_logits: False when `logits` are probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.
        denominator: replaces the divisor of a mean.

    Returns:
        A number; the shape of (batch, ...) for `none`; (outputs,) for `per_output`. Always float64.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a label is out of range, or a number that counts is NaN.

    Example:
        >>> probabilities = [[0.1, 0.2, 0.6, 0.1], [0.7, 0.1, 0.1, 0.1], [0.2, 0.2, 0.2, 0.4]]
        >>> round(float(cross_entropy(probabilities, [2, 0, 3], from_logits=False)), 6)
        0.594597

    The contract is in `seqwise.losses`.
    """
    terms = at_every_position.cross_entropy(
        logits,
        labels,
        class_axis=class_axis,
        mask=mask,
        lengths=lengths,
        ignore_index=ignore_index,
        label_values=label_values,
        class_weight=class_weight,
        sample_weight=sample_weight,
        label_smoothing=label_smoothing,
        from_logits=from_logits,
    )
    return _reduced(terms, reduction, denominator)


def binary_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    ignore_index: int | None = None,
    pos_weight: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
    reduction: Reduction = "mean",
    denominator: float | ArrayLike | None = None,
) -> Loss:
    """Cross-entropy of yes-or-no labels, any number of which may be yes.

    Args:
        logits: (batch, labels) or (batch, time, labels) floats.
        labels: the shape of the logits; booleans, integers 0 and 1, or floats from 0 to 1.
        mask: the shape of the labels, or the first axes of it; True = this label counts.
        lengths: (batch,) integers; the first `lengths[b]` steps of axis 1 count.
        ignore_index: labels with this value do not count.
        pos_weight: (labels,) factors on the loss of a yes; they do not enter the divisor.
        sample_weight: the shape of the labels, or the first axes of it.
        label_smoothing: the share of each label spread evenly over yes and no, 0..1.
        from_logits: False when `logits` are probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.
        denominator: replaces the divisor of a mean.

    Returns:
        A number; the shape of the labels for `none`; (labels,) for `per_output`. Always float64.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a label is outside 0..1, or a number that counts is NaN.

    Example:
        >>> round(float(binary_cross_entropy([[0.0, 5.0]], [[1, -1]], ignore_index=-1)), 4)
        0.6931

    The contract is in `seqwise.losses`.
    """
    terms = at_every_position.binary_cross_entropy(
        logits,
        labels,
        mask=mask,
        lengths=lengths,
        ignore_index=ignore_index,
        pos_weight=pos_weight,
        sample_weight=sample_weight,
        label_smoothing=label_smoothing,
        from_logits=from_logits,
    )
    return _reduced(terms, reduction, denominator)


def loss_sum(loss: Callable[..., Loss], logits: ArrayLike, labels: ArrayLike, **options: Any) -> LossSum:
    """The sum of a loss and the divisor of its mean, to be added over batches.

    `loss_sum(loss, ...).mean()` is exactly `loss(..., reduction="mean")`.

    Args:
        loss: a loss function of this module.
        logits: as for the loss.
        labels: as for the loss.
        **options: as for the loss, but for `reduction` and `denominator`.

    Raises:
        ConfigError: the loss is not one of this module.

    Example:
        >>> part = loss_sum(cross_entropy, np.zeros((2, 3, 2)), [[0, 1, 0], [1, 0, 0]], lengths=[3, 1])
        >>> float(part.count)
        4.0
    """
    if loss not in _TERMS:
        names = listed(known.__name__ for known in _TERMS)
        raise ConfigError(f"loss_sum: {loss!r} is not a loss of seqwise.losses.numpy\n  expected: one of {names}")
    return _total(_TERMS[loss](logits, labels, **options))


_TERMS: dict[Callable[..., Loss], Callable[..., Terms]] = {
    cross_entropy: at_every_position.cross_entropy,
    binary_cross_entropy: at_every_position.binary_cross_entropy,
}


def _total(terms: Terms) -> LossSum:
    return LossSum(*_formulas.summed(*terms, "mean", xp=np, cast=np.float64))


def _reduced(terms: Terms, reduction: Reduction, denominator: float | ArrayLike | None) -> Loss:
    """One number, or what `reduction` asks for."""
    terms.plan.check_reduction(reduction, denominator)
    if reduction == "none":
        return terms.losses
    total = LossSum(*_formulas.summed(*terms, reduction, xp=np, cast=np.float64))
    if reduction == "sum":
        return total.sum
    if denominator is not None:
        total = LossSum(total.sum, np.asarray(denominator, dtype=np.float64))
    return total.mean()
