"""Cross-entropy of class indices on the CPU in compiled C: loss in one sweep, gradient in another, padding skipped.

It takes float32 and bfloat16 logits of any layout whose positions stand in at most two axes, integer labels, and every
option but probabilities; weights and denominators that need a gradient, soft labels, other types and devices, traces
and transforms are left to the plain path (`_terms`), which also words every error and warning. A second derivative is
that of the plain path.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqwise._readable import is_readable, is_traced
from seqwise.losses._kernels.cross_entropy import Losses, compiled
from seqwise.losses._kernels.layout import layout
from seqwise.losses._plan import SUM_AND_COUNT, Plan, plan_cross_entropy
from seqwise.losses.torch._rows import class_rows
from seqwise.losses.torch._sums import LossSum, as_count, reduced
from seqwise.losses.torch._terms import Terms, beside
from seqwise.shapes import Arrived, arrived

__all__ = ["fused_cross_entropy"]

Signature = tuple[torch.dtype, torch.Size]
"""What a plan reads of a tensor."""


def fused_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    class_axis: int,
    mask: Tensor | None,
    lengths: Tensor | None,
    ignore_index: int | None,
    label_values: Sequence[int] | None,
    class_weight: Tensor | None,
    sample_weight: Tensor | None,
    label_smoothing: float,
    reduction: Any,
    denominator: float | Tensor | None,
    plain: Callable[[Tensor, str], Tensor],
) -> Any:
    """The loss, as the plain path gives it; None where that has to be asked.

    Arguments are those of `cross_entropy`, and `plain`, the loss of logits under a reduction on the plain path.
    """
    if is_traced() or compiled() is None:
        return None
    mask, lengths, class_weight, sample_weight = beside(logits, mask, lengths, class_weight, sample_weight)
    if not _is_for_this(logits, labels, mask, lengths, class_weight, sample_weight, denominator):
        return None
    plan = _plan(
        _signature(logits),
        _signature(labels),
        class_axis,
        _signature(mask),
        _signature(lengths),
        ignore_index,
        None if label_values is None else tuple(label_values),
        None if label_values is None else tuple(map(type, label_values)),
        _signature(class_weight),
        _signature(sample_weight),
        label_smoothing,
    )
    assert plan.class_axis is not None
    laid_out = layout(logits.shape, logits.stride(), plan.class_axis)
    if laid_out is None or logits.numel() == 0:
        return None
    rows = class_rows(plan, labels, mask, lengths, class_weight, sample_weight)
    if rows is None:
        return None
    losses = Losses(rows, logits, laid_out)
    if losses.look_like_probabilities:
        return None

    def attached(reduction: str) -> Tensor:
        loss: Tensor = _Attached.apply(logits, losses, plan, reduction, plain)  # type: ignore[no-untyped-call]
        return loss

    if reduction is SUM_AND_COUNT:
        return LossSum(attached("sum"), torch.tensor(losses.weight, dtype=torch.float32))
    if reduction in ("sum", "mean"):
        plan.check_reduction(reduction, denominator)
        if reduction == "sum" or denominator is None:
            return attached(reduction)
        total = attached("sum")
        return LossSum(total, as_count(denominator, total)).mean()
    values = attached("none")
    weights, counts = losses.weights.view(labels.shape), (rows.index >= 0).view(labels.shape)
    return reduced(Terms(plan, values, weights, counts), reduction, denominator)


class _Attached(torch.autograd.Function):
    """Losses that are there already, attached to the logits that they were made of."""

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, losses: Losses, plan: Plan, reduction: str, plain: Callable[[Tensor, str], Tensor]
    ) -> Tensor:
        """The sum, the mean, or a loss for each position."""
        ctx.save_for_backward(logits)
        ctx.given = losses, plan, reduction, plain
        if reduction == "none":
            return losses.values.reshape([size or 0 for size in plan.positions]).clone()
        return torch.tensor(losses.mean if reduction == "mean" else losses.total, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        """The gradient by the logits; that of the plain path where it is to be differentiated again."""
        (logits,) = ctx.saved_tensors
        losses, plan, reduction, plain = ctx.given
        if torch.is_grad_enabled() or is_traced() or not is_readable(upstream):
            return plain_gradient(lambda z: plain(z, reduction), logits, upstream), None, None, None, None
        to = torch.empty_like(logits)
        laid_out = layout(to.shape, to.stride(), plan.class_axis)
        assert laid_out is not None, "a tensor without gaps has its positions in two axes"
        losses.gradient(logits, upstream.contiguous(), of_mean=reduction == "mean", to=to, layout=laid_out)
        return to, None, None, None, None


def plain_gradient(loss: Callable[[Tensor], Tensor], logits: Tensor, upstream: Tensor) -> Tensor:
    """The gradient as autograd takes it, through which it can be differentiated when gradients are enabled."""
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        at = logits if again else logits.detach().requires_grad_()
        (found,) = torch.autograd.grad(loss(at), at, upstream, create_graph=again)
    return found


def _is_for_this(logits: Tensor, labels: Tensor, *options: Any) -> bool:
    """Whether all that arrived can be read by the code in C, and nothing but the logits needs a gradient."""
    if not (isinstance(logits, Tensor) and logits.dtype in _DTYPES and is_readable(logits)):
        return False
    if not (isinstance(labels, Tensor) and is_readable(labels)) or labels.is_floating_point():
        return False
    for option in options:
        if isinstance(option, Tensor):
            if not is_readable(option) or option.requires_grad:
                return False
        elif option is not None and not isinstance(option, int | float):
            return False
    return True


_DTYPES = (torch.float32, torch.bfloat16)


def _signature(tensor: Tensor | None) -> Signature | None:
    return None if tensor is None else (tensor.dtype, tensor.shape)


@functools.lru_cache(maxsize=1024, typed=True)
def _plan(
    logits: Signature,
    labels: Signature,
    class_axis: int,
    mask: Signature | None,
    lengths: Signature | None,
    ignore_index: int | None,
    label_values: tuple[int, ...] | None,
    _types: tuple[type, ...] | None,  # so that labels 0 and 1 are not False and True
    class_weight: Signature | None,
    sample_weight: Signature | None,
    label_smoothing: float,
) -> Plan:
    """The plan of a call, remembered: it depends on nothing else."""
    return plan_cross_entropy(
        logits=arrived("logits", _Seen(*logits)),
        labels=arrived("labels", _Seen(*labels)),
        class_axis=class_axis,
        mask=_arrived("mask", mask),
        lengths=_arrived("lengths", lengths),
        ignore_index=ignore_index,
        label_values=label_values,
        class_weight=_arrived("class_weight", class_weight),
        sample_weight=_arrived("sample_weight", sample_weight),
        label_smoothing=label_smoothing,
    )


class _Seen(NamedTuple):
    dtype: torch.dtype
    shape: torch.Size


def _arrived(name: str, signature: Signature | None) -> Arrived | None:
    return None if signature is None else arrived(name, _Seen(*signature))
