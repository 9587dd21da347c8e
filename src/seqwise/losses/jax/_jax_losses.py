"""The losses as functions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jax import Array
from jax.typing import ArrayLike

from seqwise.losses._array_terms import binary_terms, class_terms, reduced
from seqwise.losses._call_options import known_options, sum_and_count
from seqwise.losses._loss_options import Averaging, BinaryOptions, ClassOptions
from seqwise.losses._plan import Reduction
from seqwise.losses.jax._jax_crf import crf_nll
from seqwise.losses.jax._jax_framework import JAX, LossSum

__all__ = ["binary_cross_entropy", "cross_entropy", "focal_loss", "loss_sum", "ordinal_loss"]


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
) -> Array:
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
        A scalar; the shape of (batch, ...) for `none`; (outputs,) for `per_output`. At least float32.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a label is out of range (arrays on the CPU, outside of traces).

    Examples:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> logits = jnp.array([[[2.0, 0.0], [0.0, 0.0], [9.0, 9.0]]])
        >>> loss = jax.jit(cross_entropy)(logits, jnp.array([[0, 1, 77]]), lengths=jnp.array([2]))
        >>> round(float(loss), 4)
        0.41

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
    terms = class_terms(JAX, "cross_entropy", logits, labels, options)
    return reduced(JAX, terms, Averaging(reduction, denominator))


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
) -> Array:
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
        >>> import jax.numpy as jnp
        >>> p, labels = jnp.array([[0.9, 0.1]]), jnp.array([0])
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
    terms = class_terms(JAX, "focal_loss", logits, labels, options)
    return reduced(JAX, terms, Averaging(reduction, denominator))


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
) -> Array:
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
        >>> import jax.numpy as jnp
        >>> logits = jnp.array([[2.0, 0.0, -2.0]] * 3)
        >>> losses = ordinal_loss(logits, jnp.array([-1, 0, 1]), label_values=(-1, 0, 1), reduction="none")
        >>> [round(float(loss), 2) for loss in losses]
        [0.16, 2.03, 6.16]

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
    terms = class_terms(JAX, "ordinal_loss", logits, labels, options)
    return reduced(JAX, terms, Averaging(reduction, denominator))


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
) -> Array:
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
        A scalar; the shape of the labels for `none`; (labels,) for `per_output`. At least float32.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a label is outside 0..1 (arrays on the CPU, outside of traces).

    Examples:
        >>> import jax.numpy as jnp
        >>> loss = binary_cross_entropy(jnp.array([[0.0, 5.0]]), jnp.array([[1, -1]]), ignore_index=-1)
        >>> round(float(loss), 4)
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
    terms = binary_terms(JAX, "binary_cross_entropy", logits, labels, options)
    return reduced(JAX, terms, Averaging(reduction, denominator))


def loss_sum(loss: Callable[..., Array], *arrays: ArrayLike, **options: Any) -> LossSum:
    """The sum of a loss and the divisor of its mean, to be added over micro-batches, devices or an epoch.

    `loss_sum(loss, ...).mean()` is exactly `loss(..., reduction="mean")`.

    Args:
        loss: a loss function of this module.
        *arrays: logits and labels, as for the loss.
        **options: as for the loss, but for `reduction` and `denominator`.

    Raises:
        ConfigError: the loss is not one of this module.

    Examples:
        >>> import jax.numpy as jnp
        >>> part = loss_sum(cross_entropy, jnp.zeros((2, 3, 2)), jnp.array([[0, 1, 0], [1, 0, 0]]), lengths=[3, 1])
        >>> float(part.count)
        4.0
    """
    pair: LossSum = sum_and_count(loss, _LOSSES, arrays, options, module="seqwise.losses.jax")
    return pair


_LOSSES: tuple[Callable[..., Any], ...] = (cross_entropy, focal_loss, ordinal_loss, binary_cross_entropy, crf_nll)
"""The losses that `loss_sum` takes."""
