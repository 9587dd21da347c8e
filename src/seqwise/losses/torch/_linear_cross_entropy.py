"""`linear_cross_entropy` from its arguments to its result: chunk by chunk for large heads, else over all logits."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor

from seqwise._products import are_quick
from seqwise._readable import is_readable, is_traced
from seqwise.losses._kernels.cross_entropy import compiled
from seqwise.losses._loss_options import ClassOptions
from seqwise.losses._plan import SUM_AND_COUNT, Plan, plan_linear_cross_entropy
from seqwise.losses._values import check_values
from seqwise.losses.torch._arrays import check_tensor, tensor_of
from seqwise.losses.torch._chunks import Head, Positions, Rows, chunked_losses
from seqwise.losses.torch._fused import fused_cross_entropy
from seqwise.losses.torch._loss_sum import reduced
from seqwise.losses.torch._terms import (
    Terms,
    beside,
    class_indices,
    class_terms_of,
    counting,
    numbers,
    spread,
    weighted,
)
from seqwise.losses.torch._torch_formulas import linear_logits
from seqwise.shapes import arrived

__all__ = ["linear_loss"]

WHOLE_BYTES = 1 << 24
"""Up to this many bytes of logits a head is small: one product, then the loss of all logits."""


LARGE = 1 << 24
"""Fewer multiply-adds than these are not worth the way to products in compiled C, which chunks alone have."""


def linear_loss(
    hidden: Tensor,
    weight: Tensor,
    labels: Tensor,
    bias: Tensor | None,
    options: ClassOptions,
    *,
    reduction: Any,
    denominator: float | Tensor | None,
) -> Any:
    """The loss of the logits of a head."""
    call = "linear_cross_entropy"
    for name, array in (("hidden", hidden), ("weight", weight)):
        check_tensor(call, name, array)
    if bias is not None:
        check_tensor(call, "bias", bias)
    labels = tensor_of(call, "labels", labels, hidden)
    options = options.with_arrays(beside(call, hidden))
    class_weight, sample_weight = options.class_weight, options.sample_weight
    plan = plan_linear_cross_entropy(
        arrived("hidden", hidden),
        arrived("weight", weight),
        None if bias is None else arrived("bias", bias),
        arrived("labels", labels),
        options.with_arrays(arrived),
    )
    if reduction is not SUM_AND_COUNT:
        plan.check_reduction(reduction, denominator)
    labels = labels.long() if plan.labels == "index" else labels
    counts = counting(plan, labels, options.mask, options.lengths)
    head = Head(hidden, weight, bias)

    def terms(logits: Tensor) -> Terms:
        return class_terms_of(plan, logits, labels, counts, class_weight, sample_weight, from_logits=True)

    def check() -> None:
        arrays = numbers(**options._replace(mask=None).arrays(), labels=labels, counts=counts)
        if arrays is not None:
            check_values(plan, arrays, arrays.get("counts"), from_logits=True)

    if not _is_for_chunks(head, labels, class_weight, sample_weight):
        logits = linear_logits(*head, None if _is_all(counts) else counts)
        found = fused_cross_entropy(
            logits,
            labels,
            options,
            reduction=reduction,
            denominator=denominator,
            plain=lambda logits, reduction: reduced(terms(logits), reduction, None),
        )
        if found is None:
            check()
            found = reduced(terms(logits), reduction, denominator)
        return found

    check()
    weights = _weights(plan, labels, counts, class_weight, sample_weight, hidden.dtype)
    expected = _expected(Terms(plan, weights, weights, counts), reduction, denominator)
    outputs = weight.shape[:-2]
    flat = Head(hidden.flatten(0, -2), weight.flatten(0, -2), None if bias is None else bias.flatten())
    losses = chunked_losses(
        flat,
        _positions(plan, labels, counts, class_weight, sample_weight, outputs),
        None if expected is None else expected.reshape(-1, *outputs),
        lambda head: terms(linear_logits(*_shaped(head, hidden, weight), counts)).losses.reshape(-1, *outputs),
    )
    return reduced(Terms(plan, losses.view(weights.shape), weights, counts), reduction, denominator)


def _shaped(head: Head, hidden: Tensor, weight: Tensor) -> Head:
    """The head with its tensors in the shapes of those that arrived."""
    bias = None if head.bias is None else head.bias.view(weight.shape[:-1])
    return Head(head.hidden.view(hidden.shape), head.weight.view(weight.shape), bias)


def _is_for_chunks(head: Head, labels: Tensor, class_weight: Tensor | None, sample_weight: Tensor | None) -> bool:
    """Whether chunks pay and can be taken: no trace, no gradient by labels or weights, one type."""
    if is_traced() or torch.is_autocast_enabled(head.hidden.device.type):
        return False
    if any(tensor is not None and tensor.requires_grad for tensor in (labels, class_weight, sample_weight)):
        return False
    if any(tensor is not None and tensor.dtype != head.hidden.dtype for tensor in head):
        return False
    if class_weight is not None and class_weight.dim() > head.weight.dim() - 1:
        return False  # outputs that share a head but not the weights of classes
    logits = math.prod(head.hidden.shape[:-1]) * math.prod(head.weight.shape[:-1])
    if logits * 4 > WHOLE_BYTES:
        return True
    is_for_c = head.hidden.is_cpu and head.hidden.dtype == torch.float32 and not labels.is_floating_point()
    return is_for_c and logits * head.hidden.shape[-1] > LARGE and are_quick()


def _is_all(counts: Tensor | None) -> bool:
    """Whether all count, where looking is no trouble."""
    return counts is not None and not is_traced() and is_readable(counts) and bool(counts.all())


def _weights(
    plan: Plan,
    labels: Tensor,
    counts: Tensor | None,
    class_weight: Tensor | None,
    sample_weight: Tensor | None,
    dtype: torch.dtype,
) -> Tensor:
    """What each position adds to the divisor of a mean."""
    shape = labels.shape if plan.labels == "index" else labels.shape[:-1]
    nothing = torch.zeros(shape, dtype=torch.promote_types(dtype, torch.float32), device=labels.device)
    own = None
    if class_weight is not None and plan.labels == "index":
        index = class_indices(plan, labels, counts).unsqueeze(-1)
        own = class_weight.to(nothing).expand(*shape, -1).gather(-1, index).squeeze(-1)
    elif class_weight is not None:
        own = (labels.to(nothing) * class_weight.to(nothing)).sum(-1)
    return weighted(plan, nothing, own, counts, sample_weight).weights


def _expected(terms: Terms, reduction: Any, denominator: float | Tensor | None) -> Tensor | None:
    """The gradient by the losses of what the reduction gives; None where that is no single number."""
    if reduction in ("sum", "mean") and denominator is None:
        total = terms.weights.sum() if reduction == "mean" else 1.0
        return torch.full_like(terms.losses, 1.0) / total if total else torch.zeros_like(terms.losses)
    with torch.enable_grad():
        at = terms.losses.detach().requires_grad_()
        loss = reduced(terms._replace(losses=at), reduction, denominator)
        loss = loss.sum if reduction is SUM_AND_COUNT else loss
        return torch.autograd.grad(loss, at)[0] if loss.dim() == 0 else None


def _positions(
    plan: Plan,
    labels: Tensor,
    counts: Tensor | None,
    class_weight: Tensor | None,
    sample_weight: Tensor | None,
    outputs: torch.Size,
) -> Positions:
    """Labels and weights with the rows of hidden as their first axis."""
    shape = labels.shape if plan.labels == "index" else labels.shape[:-1]
    if sample_weight is not None:
        sample_weight = spread(sample_weight, plan.sample_weight_missing).expand(shape).reshape(-1, *outputs).float()
    classes = () if plan.labels == "index" else labels.shape[-1:]
    rows = None
    if plan.labels == "index" and labels.is_cpu and compiled() is not None:
        index = class_indices(plan, labels, counts)
        index = index if counts is None else index.masked_fill(~counts, -1)
        weight = None if class_weight is None else class_weight.float().contiguous()
        of_each = outputs.numel() if weight is not None and weight.dim() == 2 else 1
        of_row = None if sample_weight is None else sample_weight.reshape(-1).contiguous()
        rows = Rows(index.to(torch.int32).flatten(), weight, of_each, of_row)
    return Positions(
        plan=dataclasses.replace(
            plan,
            positions=(math.prod(shape[: len(shape) - len(outputs)]), *outputs),
            class_axis=1 + len(outputs),
            sample_weight_missing=0,
        ),
        labels=labels.reshape(-1, *outputs, *classes),
        counts=None if counts is None else counts.reshape(-1, *outputs),
        class_weight=class_weight,
        sample_weight=sample_weight,
        rows=rows,
    )
