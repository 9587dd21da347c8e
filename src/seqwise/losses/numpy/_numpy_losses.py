"""The losses as functions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import ArrayLike

from seqwise.losses._array_terms import binary_terms, class_terms, linear_terms
from seqwise.losses._call_options import known_options, sum_and_count
from seqwise.losses._loss_options import Averaging, BinaryOptions, ClassOptions
from seqwise.losses._plan import Reduction
from seqwise.losses.numpy._numpy_crf import crf_nll
from seqwise.losses.numpy._numpy_framework import NUMPY, Loss, LossSum, reduced

__all__ = ["binary_cross_entropy", "cross_entropy", "focal_loss", "linear_cross_entropy", "loss_sum", "ordinal_loss"]


@known_options
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
        label_smoothing: the fraction of each label spread evenly over the classes, 0..1.
        from_logits: False when `logits` are probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.
        denominator: replaces the divisor of a mean.

    Returns:
        A number; the shape of (batch, ...) for `none`; (outputs,) for `per_output`. Always float64.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a label is out of range, or a number that counts is NaN.

    Examples:
        >>> probabilities = [[0.1, 0.2, 0.6, 0.1], [0.7, 0.1, 0.1, 0.1], [0.2, 0.2, 0.2, 0.4]]
        >>> round(float(cross_entropy(probabilities, [2, 0, 3], from_logits=False)), 6)
        0.594597

    The contract is in `seqwise.losses`.
    """
    options = ClassOptions(
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
    terms = class_terms(NUMPY, "cross_entropy", logits, labels, options)
    return reduced(terms, Averaging(reduction, denominator))


@known_options
def focal_loss(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    gamma: float = 2.0,
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
    """Cross-entropy that costs less where the label is likely already: each term times (1 - p)^gamma.

    The loss is -sum_c w[c] q[c] (1 - p[c])^gamma log p[c] with p = softmax(logits), q the labels (smoothed if asked)
    and w the class weights, which are the alpha of the paper. The divisor of the mean is that of `cross_entropy`.

    Args:
        logits: (batch, ..., classes) floats.
        labels: (batch, ...) integers, or one-hot or soft in the shape of the logits.
        gamma: 0 or more; 0 is `cross_entropy`; at 2, a label of probability 0.9 costs 1 / 100 of its cross-entropy.
        class_axis: where the classes are.
        mask: as for `cross_entropy`, like all that follow; True = this label counts.
        lengths: the first `lengths[b]` steps of axis 1 of the labels count.
        ignore_index: labels with this value do not count.
        label_values: the label of each class.
        class_weight: (classes,) or (outputs, classes).
        sample_weight: (batch, ...), or the first axes of it.
        label_smoothing: the fraction of each label spread evenly over the classes.
        from_logits: False when `logits` are probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.
        denominator: replaces the divisor of a mean.

    Returns:
        As `cross_entropy`.

    Raises:
        ShapeError, DtypeError, ConfigError, ValuesError: as `cross_entropy`.

    Examples:
        >>> import numpy as np
        >>> p, labels = [[0.9, 0.1]], [0]
        >>> loss = focal_loss(p, labels, from_logits=False)
        >>> round(float(loss / cross_entropy(p, labels, from_logits=False)), 4)
        0.01

    Source: Lin et al., Focal loss for dense object detection, 2017.
    """
    options = ClassOptions(
        class_axis=class_axis,
        mask=mask,
        lengths=lengths,
        ignore_index=ignore_index,
        label_values=label_values,
        class_weight=class_weight,
        sample_weight=sample_weight,
        label_smoothing=label_smoothing,
        from_logits=from_logits,
        gamma=gamma,
    )
    terms = class_terms(NUMPY, "focal_loss", logits, labels, options)
    return reduced(terms, Averaging(reduction, denominator))


@known_options
def ordinal_loss(
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
    """Loss of labels whose classes have an order, such as -1 < 0 < 1: distant errors cost more.

    The label answers the C - 1 questions "label <= k?". With F[k] = sum of softmax(logits)[c] over c <= k, a label c
    costs -sum_(k < c) log(1 - F[k]) - sum_(k >= c) log F[k]: the cross-entropy of all answers. With two classes it is
    `cross_entropy`. The logits are those of any classifier, one per class in order, and softmax gives probabilities.

    Args:
        logits: (batch, ..., classes) floats; classes stand in their order.
        labels: (batch, ...) integers, or one-hot or soft in the shape of the logits.
        class_axis: where the classes are.
        mask: as for `cross_entropy`, like all that follow; True = this label counts.
        lengths: the first `lengths[b]` steps of axis 1 of the labels count.
        ignore_index: labels with this value do not count.
        label_values: the label of each class, in their order, such as (-1, 0, 1).
        class_weight: (classes,) or (outputs, classes).
        sample_weight: (batch, ...), or the first axes of it.
        label_smoothing: the fraction of each label spread evenly over the classes.
        from_logits: False when `logits` are probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.
        denominator: replaces the divisor of a mean.

    Returns:
        As `cross_entropy`.

    Raises:
        ShapeError, DtypeError, ConfigError, ValuesError: as `cross_entropy`.

    Examples:
        >>> logits = [[2.0, 0.0, -2.0]]
        >>> for votes in ([-1], [0], [1]):
        ...     print(votes[0], round(float(ordinal_loss(logits, votes, label_values=(-1, 0, 1))), 2))
        -1 0.16
        0 2.03
        1 6.16

    Sources: Frank and Hall, A simple approach to ordinal classification, 2001 (the questions); Toedter and Ahrens,
    Generalization of the ignorance score, 2012 (their cross-entropy).
    """
    options = ClassOptions(
        class_axis=class_axis,
        mask=mask,
        lengths=lengths,
        ignore_index=ignore_index,
        label_values=label_values,
        class_weight=class_weight,
        sample_weight=sample_weight,
        label_smoothing=label_smoothing,
        from_logits=from_logits,
        ordered=True,
    )
    terms = class_terms(NUMPY, "ordinal_loss", logits, labels, options)
    return reduced(terms, Averaging(reduction, denominator))


@known_options
def linear_cross_entropy(
    hidden: ArrayLike,
    weight: ArrayLike,
    labels: ArrayLike,
    *,
    bias: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    ignore_index: int | None = None,
    label_values: Sequence[int] | None = None,
    class_weight: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
    denominator: float | ArrayLike | None = None,
) -> Loss:
    """Head and cross-entropy in one: `cross_entropy(hidden @ weight.T + bias, labels, ...)`.

    Where nothing counts hidden may be NaN: it reaches neither the loss nor the gradients of weight and bias.

    Args:
        hidden: (batch, ..., features) floats.
        weight: (classes, features), as torch.nn.Linear has it; (outputs, classes, features) for labels (..., outputs).
        labels: (batch, ...) integers, or (batch, ..., classes) floats for one-hot and soft labels.
        bias: (classes,) or (outputs, classes); 0 when not given.
        mask: as for `cross_entropy`, like all that follow; True = this label counts.
        lengths: the first `lengths[b]` steps of axis 1 of the labels count.
        ignore_index: labels with this value do not count.
        label_values: the label of each class.
        class_weight: (classes,) or (outputs, classes).
        sample_weight: (batch, ...), or the first axes of it.
        label_smoothing: the fraction of each label spread evenly over the classes.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.
        denominator: replaces the divisor of a mean.

    Returns:
        As `cross_entropy`.

    Raises:
        ShapeError, DtypeError, ConfigError, ValuesError: as `cross_entropy`.

    Examples:
        >>> hidden, weight = [[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
        >>> round(float(linear_cross_entropy(hidden, weight, [0, 1])), 4)
        0.3955
    """
    options = ClassOptions(
        mask=mask,
        lengths=lengths,
        ignore_index=ignore_index,
        label_values=label_values,
        class_weight=class_weight,
        sample_weight=sample_weight,
        label_smoothing=label_smoothing,
    )
    terms = linear_terms(NUMPY, hidden, weight, labels, bias=bias, options=options)
    return reduced(terms, Averaging(reduction, denominator))


@known_options
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
        pos_weight: (labels,) factors on the loss of a yes, or one number for all labels; they do not enter the divisor.
        sample_weight: the shape of the labels, or the first axes of it.
        label_smoothing: the fraction of each label spread evenly over yes and no, 0..1.
        from_logits: False when `logits` are probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.
        denominator: replaces the divisor of a mean.

    Returns:
        A number; the shape of the labels for `none`; (labels,) for `per_output`. Always float64.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a label is outside 0..1, or a number that counts is NaN.

    Examples:
        >>> round(float(binary_cross_entropy([[0.0, 5.0]], [[1, -1]], ignore_index=-1)), 4)
        0.6931

    The contract is in `seqwise.losses`.
    """
    options = BinaryOptions(
        mask=mask,
        lengths=lengths,
        ignore_index=ignore_index,
        pos_weight=pos_weight,
        sample_weight=sample_weight,
        label_smoothing=label_smoothing,
        from_logits=from_logits,
    )
    terms = binary_terms(NUMPY, "binary_cross_entropy", logits, labels, options)
    return reduced(terms, Averaging(reduction, denominator))


def loss_sum(loss: Callable[..., Loss], *arrays: ArrayLike, **options: Any) -> LossSum:
    """The sum of a loss and the divisor of its mean, to be added over batches.

    `loss_sum(loss, ...).mean()` is exactly `loss(..., reduction="mean")`.

    Args:
        loss: a loss function of this module.
        *arrays: logits and labels, as for the loss.
        **options: as for the loss, but for `reduction` and `denominator`.

    Raises:
        ConfigError: the loss is not one of this module.

    Examples:
        >>> import numpy as np
        >>> part = loss_sum(cross_entropy, np.zeros((2, 3, 2)), [[0, 1, 0], [1, 0, 0]], lengths=[3, 1])
        >>> float(part.count)
        4.0
    """
    pair: LossSum = sum_and_count(loss, _LOSSES, arrays, options, module="seqwise.losses.numpy")
    return pair


_LOSSES: tuple[Callable[..., Any], ...] = (
    cross_entropy,
    focal_loss,
    ordinal_loss,
    linear_cross_entropy,
    binary_cross_entropy,
    crf_nll,
)
"""The losses that `loss_sum` takes."""
