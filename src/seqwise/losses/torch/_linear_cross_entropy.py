"""`linear_cross_entropy` from its arguments to its result: chunk by chunk for large heads, else over all logits."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from seqwise._products import are_quick
from seqwise._readable import is_plain_cpu_tensor, is_traced
from seqwise.losses import _array_formulas as _formulas
from seqwise.losses._array_terms import Terms
from seqwise.losses._kernels.cross_entropy import compiled
from seqwise.losses._loss_options import Averaging, ClassOptions
from seqwise.losses._plan import SUM_AND_COUNT, Plan, plan_linear_cross_entropy
from seqwise.losses.torch._arrays import check_tensor, tensor_of
from seqwise.losses.torch._chunks import Head, HeadPositions, Rows, chunked_losses
from seqwise.losses.torch._fused import fused_cross_entropy
from seqwise.losses.torch._loss_sum import reduced
from seqwise.losses.torch._terms import beside, caster, class_terms_of, counting, look
from seqwise.losses.torch._torch_namespace import TorchNamespace
from seqwise.shapes import array_spec

__all__ = ["linear_loss"]

WHOLE_BYTES = 1 << 24
"""Up to this many bytes of logits a head is small: one product, then the loss of all logits."""


LARGE = 1 << 24
"""Fewer multiply-adds than these are not worth the way to products in compiled C, which chunks alone have."""


class _LinearCall(NamedTuple):
    """A call of `linear_cross_entropy` that was planned.

    Attributes:
        plan: the meaning of the call.
        head: hidden, weight and bias as they arrived.
        labels: as they arrived; class indices are int64.
        counts: which positions count; None when all do.
        options: those of the loss.
    """

    plan: Plan
    head: Head
    labels: Tensor
    counts: Tensor | None
    options: ClassOptions

    def terms(self, logits: Tensor) -> Terms:
        """The terms on the plain path."""
        return class_terms_of(self.plan, logits, self.labels, self.counts, self.options)

    def check(self) -> None:
        """Refuses labels and weights that cannot be right."""
        look(self.plan, self.options, labels=self.labels, counts=self.counts)

    @property
    def positions(self) -> torch.Size:
        """The shape of the losses."""
        return self.labels.shape if self.plan.labels == "index" else self.labels.shape[:-1]

    @property
    def outputs(self) -> torch.Size:
        """(outputs,) where each output has a weight of its own, else nothing."""
        return self.head.weight.shape[:-2]


def linear_loss(
    hidden: Tensor, weight: Tensor, labels: Tensor, bias: Tensor | None, options: ClassOptions, averaging: Averaging
) -> Any:
    """The loss of the logits of a head."""
    call = _planned(Head(hidden, weight, bias), labels, options)
    if averaging.reduction is not SUM_AND_COUNT:
        call.plan.check_reduction(*averaging)
    return _chunk_by_chunk(call, averaging) if _is_for_chunks(call) else _at_once(call, averaging)


def _planned(head: Head, labels: Tensor, options: ClassOptions) -> _LinearCall:
    name = "linear_cross_entropy"
    for part, array in head._asdict().items():
        if part != "bias" or array is not None:
            check_tensor(name, part, array)
    labels = tensor_of(name, "labels", labels, head.hidden)
    options = options.with_arrays(beside(name, head.hidden))
    plan = plan_linear_cross_entropy(
        array_spec("hidden", head.hidden),
        array_spec("weight", head.weight),
        None if head.bias is None else array_spec("bias", head.bias),
        array_spec("labels", labels),
        options.with_arrays(array_spec),
    )
    labels = labels.long() if plan.labels == "index" else labels
    return _LinearCall(plan, head, labels, counting(plan, labels, options), options)


def _at_once(call: _LinearCall, averaging: Averaging) -> Any:
    """The loss by way of all logits."""
    logits = linear_logits(*call.head, None if _is_all(call.counts) else call.counts)
    loss = fused_cross_entropy(
        logits, call.labels, call.options, averaging, lambda logits, averaging: reduced(call.terms(logits), averaging)
    )
    if loss is not None:
        return loss
    call.check()
    return reduced(call.terms(logits), averaging)


def _chunk_by_chunk(call: _LinearCall, averaging: Averaging) -> Any:
    """The loss without all logits in memory."""
    call.check()
    hidden, weight, bias = call.head
    weights = _weights(call)
    expected = _expected(Terms(call.plan, weights, weights, call.counts), averaging)
    flat = Head(hidden.flatten(0, -2), weight.flatten(0, -2), None if bias is None else bias.flatten())

    def plain(head: Head) -> Tensor:
        losses: Tensor = call.terms(linear_logits(*_shaped(head, hidden, weight), call.counts)).losses
        return losses.reshape(-1, *call.outputs)

    expected = None if expected is None else expected.reshape(-1, *call.outputs)
    losses = chunked_losses(flat, _positions(call), expected, plain)
    return reduced(Terms(call.plan, losses.view(weights.shape), weights, call.counts), averaging)


def _shaped(head: Head, hidden: Tensor, weight: Tensor) -> Head:
    """The head with its tensors in the shapes of those that arrived."""
    bias = None if head.bias is None else head.bias.view(weight.shape[:-1])
    return Head(head.hidden.view(hidden.shape), head.weight.view(weight.shape), bias)


def _is_for_chunks(call: _LinearCall) -> bool:
    """Whether chunks pay and can be taken: no trace, no gradient by labels or weights, one type."""
    head, labels, (_, _, class_weight, sample_weight, *_) = call.head, call.labels, call.options
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
    return counts is not None and not is_traced() and is_plain_cpu_tensor(counts) and bool(counts.all())


def _weights(call: _LinearCall) -> Tensor:
    """The weight of each position in the divisor of a mean."""
    plan, labels, counts, shape = call.plan, call.labels, call.counts, call.positions
    class_weight, xp, cast = call.options.class_weight, TorchNamespace(labels.device), caster(call.head.hidden)
    own = None
    if class_weight is not None and plan.labels == "index":
        index = _formulas.class_indices(plan, labels, counts, xp=xp).unsqueeze(-1)
        own = cast(class_weight).expand(*shape, -1).gather(-1, index).squeeze(-1)
    elif class_weight is not None:
        own = (cast(labels) * cast(class_weight)).sum(-1)
    nothing = cast(call.head.hidden.new_zeros(shape))
    weights: Tensor
    _, weights = _formulas.weighted(plan, nothing, own, counts, call.options.sample_weight, xp=xp, cast=cast)
    return weights


def _expected(terms: Terms, averaging: Averaging) -> Tensor | None:
    """The gradient of the reduced loss by the losses; None where the reduction gives more than one number."""
    reduction, denominator = averaging
    if reduction in ("sum", "mean") and denominator is None:
        total = terms.weights.sum() if reduction == "mean" else 1.0
        return torch.full_like(terms.losses, 1.0) / total if total else torch.zeros_like(terms.losses)
    with torch.enable_grad():
        at = terms.losses.detach().requires_grad_()
        loss = reduced(terms._replace(losses=at), averaging)
        loss = loss.sum if reduction is SUM_AND_COUNT else loss
        return torch.autograd.grad(loss, at)[0] if loss.dim() == 0 else None


def _positions(call: _LinearCall) -> HeadPositions:
    """Labels and weights with the rows of hidden as their first axis."""
    plan, labels, counts, shape, outputs = call.plan, call.labels, call.counts, call.positions, call.outputs
    sample_weight = call.options.sample_weight
    if sample_weight is not None:
        sample_weight = sample_weight.reshape(sample_weight.shape + (1,) * plan.sample_weight_missing)
        sample_weight = sample_weight.expand(shape).reshape(-1, *outputs).float()
    classes = () if plan.labels == "index" else labels.shape[-1:]
    options = ClassOptions(class_weight=call.options.class_weight, sample_weight=sample_weight)
    return HeadPositions(
        plan=dataclasses.replace(
            plan,
            positions=(math.prod(shape[: len(shape) - len(outputs)]), *outputs),
            class_axis=1 + len(outputs),
            sample_weight_missing=0,
        ),
        labels=labels.reshape(-1, *outputs, *classes),
        counts=None if counts is None else counts.reshape(-1, *outputs),
        options=options,
        rows=_rows(call, options),
    )


def _rows(call: _LinearCall, options: ClassOptions) -> Rows | None:
    """Class indices and weights for the compiled code; None where it is not there or does not take these labels."""
    plan, labels, counts = call.plan, call.labels, call.counts
    if plan.labels != "index" or not labels.is_cpu or compiled() is None:
        return None
    index = _formulas.class_indices(plan, labels, counts, xp=TorchNamespace(labels.device))
    index = index if counts is None else index.masked_fill(~counts, -1)
    weight = None if options.class_weight is None else options.class_weight.float().contiguous()
    of_each = call.outputs.numel() if weight is not None and weight.dim() == 2 else 1
    of_row = None if options.sample_weight is None else options.sample_weight.reshape(-1).contiguous()
    return Rows(index.to(torch.int32).flatten(), weight, of_each, of_row)


def linear_logits(hidden: Tensor, weight: Tensor, bias: Tensor | None, counts: Tensor | None) -> Tensor:
    """Hidden x weight + bias, with classes last, as `linear_logits` of the formulas, by torch's own linear layer."""
    if counts is not None:
        rows = counts.any(-1) if weight.dim() == 3 else counts
        hidden = torch.where(rows.unsqueeze(-1), hidden, 0.0)
    flat = functional.linear(hidden, weight.flatten(0, -2), None if bias is None else bias.flatten())
    return flat.reshape(hidden.shape[:-1] + weight.shape[:-1])
