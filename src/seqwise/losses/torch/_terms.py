"""Takes a call of a loss to the losses at every position: plan, check of values, what counts, formulas, weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from seqwise.losses._loss_options import BinaryOptions, ClassOptions
from seqwise.losses._plan import (
    Plan,
    Positions,
    plan_binary_cross_entropy,
    plan_cross_entropy,
)
from seqwise.losses._values import check_values
from seqwise.losses.torch._arrays import as_tensor, check_tensor, tensor_of
from seqwise.losses.torch._torch_formulas import class_logs, floored_log, index_terms, product, share_terms
from seqwise.shapes import arrived

__all__ = [
    "Terms",
    "beside",
    "binary_terms",
    "class_terms",
    "class_terms_of",
    "counting",
    "in_time",
    "numbers",
    "spread",
]


class Terms(NamedTuple):
    """A loss at every position.

    Attributes:
        plan: what the call means.
        losses: weighted losses, float32 or float64; 0 where a position does not count.
        weights: what each position adds to the divisor of a mean; 0 where it does not count.
        counts: which positions count; None when all do.
    """

    plan: Positions
    losses: Tensor
    weights: Tensor
    counts: Tensor | None


def class_terms(call: str, logits: Tensor, labels: Tensor, options: ClassOptions) -> Terms:
    """The terms of a loss over classes."""
    check_tensor(call, "logits", logits)
    labels = tensor_of(call, "labels", labels, logits)
    options = options.with_arrays(beside(call, logits))
    plan = plan_cross_entropy(
        arrived("logits", logits), arrived("labels", labels), options.with_arrays(arrived), call=call
    )
    axis = plan.class_axis
    assert axis is not None
    classes_last = labels.long() if plan.labels == "index" else labels.movedim(axis, -1)
    counts = counting(plan, classes_last, options.mask, options.lengths)
    arrays = numbers(**options._replace(mask=None).arrays(), logits=logits, labels=labels, counts=counts)
    if arrays is not None:
        check_values(plan, arrays, arrays.get("counts"), from_logits=options.from_logits)
    return class_terms_of(
        plan,
        logits,
        classes_last,
        counts,
        options.class_weight,
        options.sample_weight,
        from_logits=options.from_logits,
    )


def class_terms_of(
    plan: Plan,
    logits: Tensor,
    labels: Tensor,
    counts: Tensor | None,
    class_weight: Tensor | None,
    sample_weight: Tensor | None,
    *,
    from_logits: bool,
) -> Terms:
    """The terms of logits, whose classes are where the plan says, and of labels with classes last."""
    logs = class_logs(plan, logits, counts, from_logits=from_logits)
    class_weight = None if class_weight is None else class_weight.to(logs.dtype)
    if plan.labels == "index":
        index = class_indices(plan, labels, counts)
        losses, weights = index_terms(logs, index, class_weight, plan.label_smoothing)
    else:
        shares = labels.to(logs.dtype)
        shares = shares if counts is None else torch.where(counts.unsqueeze(-1), shares, 0.0)
        losses, weights = share_terms(logs, shares, class_weight, plan.label_smoothing)
    return weighted(plan, losses, weights, counts, sample_weight)


def binary_terms(call: str, logits: Tensor, labels: Tensor, options: BinaryOptions) -> Terms:
    """The terms of a loss over yes-or-no labels."""
    check_tensor(call, "logits", logits)
    labels = tensor_of(call, "labels", labels, logits)
    options = options.with_arrays(beside(call, logits))
    plan = plan_binary_cross_entropy(
        arrived("logits", logits), arrived("labels", labels), options.with_arrays(arrived), call=call
    )
    labels = labels if labels.is_floating_point() else labels.long()
    counts = counting(plan, labels, options.mask, options.lengths)
    arrays = numbers(**options._replace(mask=None).arrays(), logits=logits, labels=labels, counts=counts)
    if arrays is not None:
        check_values(plan, arrays, arrays.get("counts"), from_logits=options.from_logits)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    logits, shares = logits.to(dtype), labels.to(dtype)
    if counts is not None:
        logits, shares = torch.where(counts, logits, 0.5), torch.where(counts, shares, 0.0)
    if plan.label_smoothing:
        shares = shares * (1 - plan.label_smoothing) + plan.label_smoothing / 2
    if options.from_logits:
        log_yes, log_no = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    else:
        log_yes, log_no = floored_log(logits), floored_log(1 - logits)
    yes = shares if options.pos_weight is None else shares * options.pos_weight
    losses = -product(yes, log_yes) - product(1 - shares, log_no)
    return weighted(plan, losses, None, counts, options.sample_weight)


def beside(call: str, logits: Tensor) -> Callable[[str, Any], Tensor]:
    """What brings an option to the device of the logits: lengths often come from the CPU, weights from a list."""
    here = logits.device

    def brought(name: str, option: Any) -> Tensor:
        if isinstance(option, Tensor) and (option.is_cpu if logits.is_cpu else option.device == here):
            return option
        return as_tensor(call, name, option, here)

    return brought


def numbers(**tensors: Tensor | None) -> dict[str, NDArray[Any]] | None:
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


def counting(plan: Plan, labels: Tensor, mask: Tensor | None, lengths: Tensor | None) -> Tensor | None:
    """Which positions count by mask, lengths and ignore_index together; None when none of them is given."""
    counts = in_time(labels.shape[: len(plan.positions)], mask, plan.mask_missing, lengths, device=labels.device)
    if plan.ignore_index is None:
        return counts
    kept = _not_ignored(plan, labels)
    return kept if counts is None else counts & kept


def in_time(
    shape: Sequence[int], mask: Tensor | None, mask_missing: int, lengths: Tensor | None, *, device: torch.device
) -> Tensor | None:
    """Which positions of this shape count by mask and lengths together; None when neither is given."""
    counts = None if mask is None else spread(mask, mask_missing).expand(shape)
    if lengths is None:
        return counts
    steps = torch.arange(shape[1], device=device) < lengths.long().unsqueeze(-1)  # (batch, time)
    steps = spread(steps, len(shape) - 2).expand(shape)
    return steps if counts is None else counts & steps


def spread(values: Tensor, missing: int) -> Tensor:
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


def class_indices(plan: Plan, labels: Tensor, counts: Tensor | None) -> Tensor:
    """The class index of each label: 0 where it does not count, out of range for what is no label value."""
    index = labels
    if plan.label_values is not None:
        index = torch.full_like(labels, len(plan.label_values))
        for position, value in enumerate(plan.label_values):
            index = index.masked_fill(labels == value, position)
    return index if counts is None else torch.where(counts, index, 0)


def weighted(
    plan: Plan, losses: Tensor, weights: Tensor | None, counts: Tensor | None, sample_weight: Tensor | None
) -> Terms:
    """The terms, with sample_weight in losses and weights, and 0 in both where a position does not count."""
    if sample_weight is not None:
        own = spread(sample_weight, plan.sample_weight_missing).to(losses.dtype).expand(losses.shape)
        own = own if counts is None else torch.where(counts, own, 0.0)
        losses = product(own, losses)
        weights = own if weights is None else weights * own
    if weights is None:
        weights = torch.ones_like(losses) if counts is None else counts.to(losses.dtype)
    if counts is not None:
        losses, weights = torch.where(counts, losses, 0.0), torch.where(counts, weights, 0.0)
    return Terms(plan, losses, weights, counts)
