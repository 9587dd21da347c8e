"""Defines each loss once, for the arrays of every framework.

`xp` is numpy, or a namespace with the functions of numpy that are used here: jax.numpy, keras.ops under NumPy's names,
or torch's operations under them. A namespace may also have `fused_log_softmax(logits, axis)` and
`fused_log_sigmoid(logits)`, single kernels that are then used, and `checks_indices`. `cast` turns an array into the
floating-point type of the sums. `plan` describes the arrays, and `options` are those of the loss, with arrays of the
framework. Positions that do not count are replaced by a harmless number before the computation and by 0 after it, so
neither their values nor their gradients reach the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seqwise.losses._loss_options import BinaryOptions, ClassOptions

__all__ = [
    "PROBABILITY_FLOOR",
    "binary_terms",
    "class_indices",
    "class_terms",
    "counting",
    "divided",
    "in_time",
    "linear_logits",
    "summed",
    "weighted",
]

PROBABILITY_FLOOR = 2.0**-126
"""Smaller probabilities count as this, the smallest normal float32: a loss of 126 log 2 = 87.3."""

INF, NAN = float("inf"), float("nan")


def counting(plan: Any, labels: Any, options: ClassOptions | BinaryOptions, *, xp: Any) -> Any:
    """Which positions count by mask, lengths and ignore_index together; None when none of them is given."""
    counts = in_time(xp.shape(labels)[: len(plan.positions)], options.mask, plan.mask_missing, options.lengths, xp=xp)
    if plan.ignore_index is None:
        return counts
    kept = _not_ignored(plan, labels, xp)
    return kept if counts is None else xp.logical_and(counts, kept)


def in_time(shape: Any, mask: Any, mask_missing: int, lengths: Any, *, xp: Any) -> Any:
    """Which positions of this shape count by mask and lengths together; None when neither is given."""
    counts = None if mask is None else xp.broadcast_to(_expanded(mask, mask_missing, xp), shape)
    if lengths is None:
        return counts
    steps = xp.expand_dims(xp.arange(shape[1]), 0) < xp.expand_dims(lengths, -1)  # (batch, time)
    steps = xp.broadcast_to(_expanded(steps, len(shape) - 2, xp), shape)
    return steps if counts is None else xp.logical_and(counts, steps)


def _not_ignored(plan: Any, labels: Any, xp: Any) -> Any:
    """Where labels are not ignore_index; a one-hot label is ignored when the index it encodes would be."""
    if plan.labels != "one-hot":
        return labels != plan.ignore_index
    if plan.ignored_class is not None:
        return labels[..., plan.ignored_class] != 1
    return xp.any(labels != 0, axis=-1)  # an index that is no class has no column, so its row is empty


def class_terms(
    plan: Any,
    logits: Any,
    labels: Any,
    counts: Any,
    options: ClassOptions,
    *,
    xp: Any,
    cast: Callable[[Any], Any],
) -> tuple[Any, Any]:
    """The loss over classes of each position, and its weight in the divisor of a mean.

    The classes of the logits are where the plan says, those of one-hot labels on the last axis.
    """
    if counts is not None:
        logits = xp.where(xp.expand_dims(counts, plan.class_axis), logits, 0.0 if plan.from_logits else 1.0)
    logs = _class_logs(plan, logits, xp, cast)
    class_weight = None if options.class_weight is None else cast(options.class_weight)
    if plan.labels == "index":
        losses, weights = _index_terms(plan, logs, class_indices(plan, labels, counts, xp=xp), class_weight, xp)
    else:
        shares = _where_counts(counts, cast(labels), 0.0, xp)
        losses, weights = _soft_terms(plan, logs, shares, class_weight, xp)
    return weighted(plan, losses, weights, counts, options.sample_weight, xp=xp, cast=cast)


def linear_logits(hidden: Any, weight: Any, bias: Any, *, counts: Any, xp: Any, cast: Callable[[Any], Any]) -> Any:
    """Hidden x weight + bias, classes last. Rows that do not count are 0 before the product, so that NaN stays out.

    With one weight for each output, hidden counts where any output does.
    """
    if counts is not None and len(xp.shape(weight)) == 3:
        counts = xp.any(counts, axis=-1)
    hidden = _where_counts(counts, cast(hidden), 0.0, xp)
    logits = xp.tensordot(hidden, cast(weight), axes=((-1,), (-1,)))
    return logits if bias is None else logits + cast(bias)


def binary_terms(
    plan: Any,
    logits: Any,
    labels: Any,
    counts: Any,
    options: BinaryOptions,
    *,
    xp: Any,
    cast: Callable[[Any], Any],
) -> tuple[Any, Any]:
    """The binary cross-entropy of each position, and its weight in the divisor of a mean."""
    logits = _where_counts(counts, cast(logits), 0.5, xp)
    targets = _where_counts(counts, cast(labels), 0.0, xp)
    if plan.label_smoothing:
        targets = (1 - plan.label_smoothing) * targets + plan.label_smoothing / 2
    if plan.from_logits:
        log_yes, log_no = _log_sigmoid(logits, xp), _log_sigmoid(-logits, xp)
    else:
        log_yes, log_no = _floored_log(logits, xp), _floored_log(1 - logits, xp)
    yes = targets if options.pos_weight is None else targets * cast(options.pos_weight)
    losses = -_product(yes, log_yes, xp) - _product(1 - targets, log_no, xp)
    return weighted(plan, losses, None, counts, options.sample_weight, xp=xp, cast=cast)


def _class_logs(plan: Any, logits: Any, xp: Any, cast: Callable[[Any], Any]) -> Any:
    """Minus the loss that each class would have as the label, classes last: all in which losses over classes differ.

    Softmax is taken on the axis where the classes arrived, so that logits are never copied into another layout.
    """
    axis = plan.class_axis
    if plan.ordered:
        return _ordinal_logs(xp.moveaxis(cast(logits), axis, -1), plan.from_logits, xp)
    logs = _log_softmax(logits, axis, xp, cast) if plan.from_logits else _floored_log(cast(logits), xp)
    logs = xp.moveaxis(logs, axis, -1)
    if not plan.gamma:
        return logs
    logits = xp.moveaxis(cast(logits), axis, -1)
    others = _log_others(logits, logs, xp) if plan.from_logits else _floored_log(1 - logits, xp)
    infinite = xp.isinf(logs)
    return xp.where(infinite, logs, xp.exp(plan.gamma * others) * xp.where(infinite, 0.0, logs))


def _log_others(logits: Any, logs: Any, xp: Any) -> Any:
    """log(1 - p) of each class: for the likeliest from the other classes, since 1 - p would lose its digits."""
    likeliest = xp.expand_dims(xp.argmax(logits, axis=-1), -1) == xp.arange(xp.shape(logits)[-1])
    others = _log_sum_exp(xp.where(likeliest, -INF, logits), xp) - _log_sum_exp(logits, xp)
    p = xp.where(likeliest, 0.0, xp.exp(logs))  # at most 1/2
    return xp.where(likeliest, others, xp.log1p(-p))


def _ordinal_logs(logits: Any, from_logits: bool, xp: Any) -> Any:
    """The logarithm of the likelihood of all answers to "label <= k?", k = 0..C-2, if the label were c."""
    classes = xp.arange(xp.shape(logits)[-1])
    questions = classes[:-1]
    below = classes <= xp.expand_dims(questions, -1)  # (questions, classes)
    rows = xp.expand_dims(logits, -2)  # (1, classes)
    if from_logits:
        upto, beyond = xp.where(below, rows, -INF), xp.where(below, -INF, rows)
        question = xp.squeeze(_log_sum_exp(upto, xp) - _log_sum_exp(beyond, xp), axis=-1)
        log_yes, log_no = _log_sigmoid(question, xp), _log_sigmoid(-question, xp)
    else:
        upto, beyond = xp.where(below, rows, 0.0), xp.where(below, 0.0, rows)
        log_yes, log_no = (_floored_log(xp.sum(part, axis=-1), xp) for part in (upto, beyond))
    yes = xp.expand_dims(classes, -1) <= questions  # (classes, questions)
    answers = xp.where(yes, xp.expand_dims(log_yes, -2), xp.expand_dims(log_no, -2))
    return xp.sum(answers, axis=-1)


def _log_sum_exp(numbers: Any, xp: Any) -> Any:
    """The logarithm of the sum of exp over the last axis, which stays; -inf, of gradient 0, where all are -inf."""
    highest = xp.max(numbers, axis=-1, keepdims=True)
    highest = xp.where(xp.isfinite(highest), highest, 0.0)
    total = xp.sum(xp.exp(numbers - highest), axis=-1, keepdims=True)
    nothing = total == 0
    return xp.where(nothing, -INF, highest + xp.log(xp.where(nothing, 1.0, total)))


def _log_softmax(logits: Any, axis: int, xp: Any, cast: Callable[[Any], Any]) -> Any:
    if hasattr(xp, "fused_log_softmax"):
        return xp.fused_log_softmax(logits, axis)
    logits = cast(logits)
    shifted = logits - xp.max(logits, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def _log_sigmoid(logits: Any, xp: Any) -> Any:
    if hasattr(xp, "fused_log_sigmoid"):
        return xp.fused_log_sigmoid(logits)
    return xp.minimum(logits, 0.0) - xp.log1p(xp.exp(-xp.abs(logits)))


def _floored_log(probabilities: Any, xp: Any) -> Any:
    return xp.log(xp.maximum(probabilities, PROBABILITY_FLOOR))


def class_indices(plan: Any, labels: Any, counts: Any, *, xp: Any) -> Any:
    """The class index of each label: 0 where it does not count, out of range where it is no label value."""
    index = labels
    if plan.label_values is not None:
        index = xp.zeros_like(labels) + len(plan.label_values)
        for position, value in enumerate(plan.label_values):
            index = xp.where(labels == value, position, index)
    return _where_counts(counts, index, 0, xp)


def _index_terms(plan: Any, logs: Any, index: Any, class_weight: Any, xp: Any) -> tuple[Any, Any]:
    """Losses and weights of labels that are class indices; no one-hot array is made."""
    possible = None
    if not getattr(xp, "checks_indices", False):
        possible = xp.logical_and(index >= 0, index < xp.shape(logs)[-1])
        index = xp.where(possible, index, 0)
    index = xp.expand_dims(index, -1)
    picked = xp.squeeze(xp.take_along_axis(logs, index, axis=-1), axis=-1)
    if possible is not None:
        picked = xp.where(possible, picked, NAN)  # a wrong label in a trace gives NaN, not a plausible loss
    if class_weight is None:
        weights, losses, of_all = None, -picked, logs
    else:
        expanded = xp.broadcast_to(class_weight, xp.shape(logs))
        weights = xp.squeeze(xp.take_along_axis(expanded, index, axis=-1), axis=-1)
        losses, of_all = -_product(weights, picked, xp), _product(class_weight, logs, xp)
    if plan.label_smoothing:
        losses = (1 - plan.label_smoothing) * losses - _for_each_class(plan, logs, xp) * xp.sum(of_all, axis=-1)
    return losses, weights


def _soft_terms(plan: Any, logs: Any, labels: Any, class_weight: Any, xp: Any) -> tuple[Any, Any]:
    """Losses and weights of one-hot or soft labels; the weights are those of the labels before smoothing."""
    weights = None if class_weight is None else xp.sum(class_weight * labels, axis=-1)
    if plan.label_smoothing:
        labels = (1 - plan.label_smoothing) * labels + _for_each_class(plan, logs, xp, keepdims=True)
    if class_weight is not None:
        labels = class_weight * labels
    return -xp.sum(_product(labels, logs, xp), axis=-1), weights


def _for_each_class(plan: Any, logs: Any, xp: Any, keepdims: bool = False) -> Any:
    """The part of a smoothed label of each class; TensorFlow may not know their number while it traces."""
    return plan.label_smoothing / (plan.classes or xp.sum(xp.ones_like(logs), axis=-1, keepdims=keepdims))


def weighted(
    plan: Any, losses: Any, weights: Any, counts: Any, sample_weight: Any, *, xp: Any, cast: Callable[[Any], Any]
) -> tuple[Any, Any]:
    """Losses and weights times sample_weight, and 0 where a position does not count."""
    if sample_weight is not None:
        own = xp.broadcast_to(_expanded(cast(sample_weight), plan.sample_weight_missing, xp), xp.shape(losses))
        own = _where_counts(counts, own, 0.0, xp)
        losses, weights = _product(own, losses, xp), own if weights is None else own * weights
    weights = xp.ones_like(losses) if weights is None else weights
    return _where_counts(counts, losses, 0.0, xp), _where_counts(counts, weights, 0.0, xp)


def summed(plan: Any, losses: Any, weights: Any, counts: Any, reduction: str, *, xp: Any) -> tuple[Any, Any]:
    """The sum of a reduction and its divisor."""
    if reduction == "per_output":
        axes = plan.within_output
        return _over(axes, xp.sum, losses), _over(axes, xp.sum, weights)
    if reduction in ("sequence_mean", "batch_mean"):
        axes = plan.within_sequence
        counts = xp.zeros_like(losses) == 0 if counts is None else counts
        own_sums = _over(axes, xp.sum, losses)  # (batch,)
        sequences = xp.sum(xp.where(_over(axes, xp.any, counts), xp.ones_like(own_sums), 0.0))
        if reduction == "batch_mean":
            return xp.sum(losses), sequences
        return xp.sum(divided(own_sums, _over(axes, xp.sum, weights), xp=xp)), sequences
    return xp.sum(losses), xp.sum(weights)


def _over(axes: tuple[int, ...], reduce: Callable[..., Any], values: Any) -> Any:
    return reduce(values, axis=axes) if axes else values


def divided(total: Any, count: Any, *, xp: Any) -> Any:
    """Total divided by count, and 0 where the count is 0."""
    nothing = count == 0
    return xp.where(nothing, 0.0, total / xp.where(nothing, 1.0, count))


def _product(factors: Any, numbers: Any, xp: Any) -> Any:
    """Factor times number, where 0 times infinity is 0, in the gradient too."""
    impossible = xp.logical_and(factors == 0, xp.isinf(numbers))
    return factors * xp.where(impossible, 0.0, numbers)


def _where_counts(counts: Any, values: Any, otherwise: float, xp: Any) -> Any:
    """The values where a position counts; counts may lack the class axis."""
    if counts is None:
        return values
    missing = len(xp.shape(values)) - len(xp.shape(counts))
    return xp.where(_expanded(counts, missing, xp), values, otherwise)


def _expanded(values: Any, missing: int, xp: Any) -> Any:
    """The values with as many last axes of size 1 as they lack, so that they broadcast from the batch on."""
    for _ in range(missing):
        values = xp.expand_dims(values, -1)
    return values
