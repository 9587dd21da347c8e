"""Computes each loss at every position, before anything is averaged, with torch's own operations.

Each function has the signature of its namesake in `seqwise.losses.torch`, less `reduction` and `denominator`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from seqwise.losses._formulas import PROBABILITY_FLOOR
from seqwise.losses._plan import Plan, plan_binary_cross_entropy, plan_cross_entropy
from seqwise.losses._values import check_values
from seqwise.shapes import Arrived, arrived

__all__ = ["Terms", "binary_cross_entropy", "cross_entropy"]


class Terms(NamedTuple):
    """A loss at every position.

    Attributes:
        losses: weighted losses, float32 or float64; 0 where a position does not count.
        weights: what each position adds to the divisor of a mean; 0 where it does not count.
        counts: which positions count; None when all do.
        plan: what the call means.
    """

    losses: Tensor
    weights: Tensor
    counts: Tensor | None
    plan: Plan


def cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    class_axis: int = -1,
    mask: Tensor | None = None,
    lengths: Tensor | None = None,
    ignore_index: int | None = None,
    label_values: Sequence[int] | None = None,
    class_weight: Tensor | None = None,
    sample_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
) -> Terms:
    """The terms of `seqwise.losses.torch.cross_entropy`."""
    mask, lengths, class_weight, sample_weight = _beside(logits, mask, lengths, class_weight, sample_weight)
    plan = plan_cross_entropy(
        logits=arrived("logits", logits),
        labels=arrived("labels", labels),
        class_axis=class_axis,
        mask=_arrived("mask", mask),
        lengths=_arrived("lengths", lengths),
        ignore_index=ignore_index,
        label_values=label_values,
        class_weight=_arrived("class_weight", class_weight),
        sample_weight=_arrived("sample_weight", sample_weight),
        label_smoothing=label_smoothing,
    )
    axis = plan.class_axis
    assert axis is not None
    classes_last = labels.long() if plan.labels == "index" else labels.movedim(axis, -1)
    counts = _counting(plan, classes_last, mask, lengths)
    arrays = _numbers(
        logits=logits,
        labels=labels,
        lengths=lengths,
        class_weight=class_weight,
        sample_weight=sample_weight,
        counts=counts,
    )
    if arrays is not None:
        check_values(plan, arrays, arrays.get("counts"), from_logits=from_logits)
    log_probabilities = _log_probabilities(logits, counts, axis, from_logits=from_logits)
    class_weight = None if class_weight is None else class_weight.to(log_probabilities.dtype)
    if plan.labels == "index":
        index = _class_indices(plan, classes_last, counts)
        losses, weights = _index_terms(log_probabilities, index, class_weight, plan.label_smoothing)
    else:
        shares = classes_last.to(log_probabilities.dtype)
        shares = shares if counts is None else torch.where(counts.unsqueeze(-1), shares, 0.0)
        losses, weights = _share_terms(log_probabilities, shares, class_weight, plan.label_smoothing)
    return _weighted(plan, losses, weights, counts, sample_weight)


def binary_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    mask: Tensor | None = None,
    lengths: Tensor | None = None,
    ignore_index: int | None = None,
    pos_weight: Tensor | None = None,
    sample_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
) -> Terms:
    """The terms of `seqwise.losses.torch.binary_cross_entropy`."""
    mask, lengths, pos_weight, sample_weight = _beside(logits, mask, lengths, pos_weight, sample_weight)
    plan = plan_binary_cross_entropy(
        logits=arrived("logits", logits),
        labels=arrived("labels", labels),
        mask=_arrived("mask", mask),
        lengths=_arrived("lengths", lengths),
        ignore_index=ignore_index,
        pos_weight=_arrived("pos_weight", pos_weight),
        sample_weight=_arrived("sample_weight", sample_weight),
        label_smoothing=label_smoothing,
    )
    labels = labels if labels.is_floating_point() else labels.long()
    counts = _counting(plan, labels, mask, lengths)
    arrays = _numbers(
        logits=logits,
        labels=labels,
        lengths=lengths,
        pos_weight=pos_weight,
        sample_weight=sample_weight,
        counts=counts,
    )
    if arrays is not None:
        check_values(plan, arrays, arrays.get("counts"), from_logits=from_logits)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    logits, shares = logits.to(dtype), labels.to(dtype)
    if counts is not None:
        logits, shares = torch.where(counts, logits, 0.5), torch.where(counts, shares, 0.0)
    if plan.label_smoothing:
        shares = shares * (1 - plan.label_smoothing) + plan.label_smoothing / 2
    if from_logits:
        log_yes, log_no = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    else:
        log_yes, log_no = _floored_log(logits), _floored_log(1 - logits)
    yes = shares if pos_weight is None else shares * pos_weight
    losses = -_product(yes, log_yes) - _product(1 - shares, log_no)
    return _weighted(plan, losses, None, counts, sample_weight)


def _beside(logits: Tensor, *options: Tensor | None) -> list[Tensor | None]:
    """The options on the device of the logits: lengths often come from the CPU, weights from a list."""
    return [None if option is None else torch.as_tensor(option, device=logits.device) for option in options]


def _arrived(name: str, option: Tensor | None) -> Arrived | None:
    return None if option is None else arrived(name, option)


def _numbers(**tensors: Tensor | None) -> dict[str, NDArray[Any]] | None:
    """What arrived as NumPy arrays; None where looking would synchronise a GPU, or a trace hides it."""
    given = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    if torch.compiler.is_compiling() or any(tensor.device.type != "cpu" for tensor in given.values()):
        return None
    try:
        return {name: _as_numpy(tensor.detach()) for name, tensor in given.items()}
    except RuntimeError:  # inside vmap and other transforms a tensor has no numbers of its own
        return None


def _as_numpy(tensor: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return array


def _counting(plan: Plan, labels: Tensor, mask: Tensor | None, lengths: Tensor | None) -> Tensor | None:
    """Which positions count by mask, lengths and ignore_index together; None when none of them is given."""
    shape = labels.shape[:-1] if plan.labels == "one-hot" else labels.shape
    conditions = []
    if mask is not None:
        conditions.append(_spread(mask, plan.mask_missing))
    if lengths is not None:
        steps = torch.arange(shape[1], device=labels.device) < lengths.unsqueeze(-1)  # (batch, time)
        conditions.append(_spread(steps, len(shape) - 2))
    if plan.ignore_index is not None:
        conditions.append(_not_ignored(plan, labels))
    if not conditions:
        return None
    counts = conditions[0]
    for condition in conditions[1:]:
        counts = counts & condition
    return counts.expand(shape)


def _spread(values: Tensor, missing: int) -> Tensor:
    """The values with as many last axes of size 1 as they lack, so that they broadcast from the batch on."""
    return values.reshape(values.shape + (1,) * missing)


def _not_ignored(plan: Plan, labels: Tensor) -> Tensor:
    """Where labels are not ignore_index; a one-hot label is ignored when the index it encodes would be."""
    if plan.labels != "one-hot":
        assert plan.ignore_index is not None
        return labels.ne(plan.ignore_index)
    if plan.ignored_class is not None:
        return labels[..., plan.ignored_class].ne(1)
    return labels.ne(0).any(-1)  # an index that is no class has no column, so its row is empty


def _log_probabilities(logits: Tensor, counts: Tensor | None, axis: int, *, from_logits: bool) -> Tensor:
    """The log-probabilities with classes last, as a view: the logits are never copied into another layout."""
    if counts is not None:
        logits = torch.where(counts.unsqueeze(axis), logits, 0.0 if from_logits else 1.0)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    if from_logits:
        return logits.log_softmax(axis, dtype=dtype).movedim(axis, -1)
    return _floored_log(logits.to(dtype)).movedim(axis, -1)


def _floored_log(probabilities: Tensor) -> Tensor:
    return probabilities.clamp(min=PROBABILITY_FLOOR).log()


def _class_indices(plan: Plan, labels: Tensor, counts: Tensor | None) -> Tensor:
    """The class index of each label: 0 where it does not count, out of range for what is no label value."""
    index = labels
    if plan.label_values is not None:
        index = torch.full_like(labels, len(plan.label_values))
        for position, value in enumerate(plan.label_values):
            index = index.masked_fill(labels == value, position)
    return index if counts is None else torch.where(counts, index, 0)


def _index_terms(
    log_probabilities: Tensor, index: Tensor, class_weight: Tensor | None, smoothing: float
) -> tuple[Tensor, Tensor | None]:
    """Losses and weights of labels that are class indices: one gather, no one-hot array."""
    picked = log_probabilities.gather(-1, index.unsqueeze(-1)).squeeze(-1)
    if class_weight is None:
        losses, weights = -picked, None
    else:
        weights = class_weight.expand(log_probabilities.shape).gather(-1, index.unsqueeze(-1)).squeeze(-1)
        losses = -_product(weights, picked)
    if smoothing:
        evenly = log_probabilities if class_weight is None else _product(class_weight, log_probabilities)
        losses = (1 - smoothing) * losses - smoothing / log_probabilities.shape[-1] * evenly.sum(-1)
    return losses, weights


def _share_terms(
    log_probabilities: Tensor, shares: Tensor, class_weight: Tensor | None, smoothing: float
) -> tuple[Tensor, Tensor | None]:
    """Losses and weights of one-hot or soft labels; the weights are those of the labels before smoothing."""
    weights = None if class_weight is None else (shares * class_weight).sum(-1)
    if smoothing:
        shares = (1 - smoothing) * shares + smoothing / shares.shape[-1]
    if class_weight is not None:
        shares = shares * class_weight
    return -_product(shares, log_probabilities).sum(-1), weights


def _product(factors: Tensor, numbers: Tensor) -> Tensor:
    """Factor times number, where 0 times infinity is 0, in the gradient too."""
    return factors * torch.where((factors == 0) & numbers.isinf(), 0.0, numbers)


def _weighted(
    plan: Plan, losses: Tensor, weights: Tensor | None, counts: Tensor | None, sample_weight: Tensor | None
) -> Terms:
    """The terms, with sample_weight in losses and weights, and 0 in both where a position does not count."""
    if sample_weight is not None:
        spread = _spread(sample_weight, plan.sample_weight_missing).to(losses.dtype).expand(losses.shape)
        spread = spread if counts is None else torch.where(counts, spread, 0.0)
        losses = _product(spread, losses)
        weights = spread if weights is None else weights * spread
    if weights is None:
        weights = torch.ones_like(losses) if counts is None else counts.to(losses.dtype)
    if counts is not None:
        losses, weights = torch.where(counts, losses, 0.0), torch.where(counts, weights, 0.0)
    return Terms(losses, weights, counts, plan)
