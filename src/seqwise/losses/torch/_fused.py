"""Cross-entropy of class indices on the CPU in compiled C: loss and gradient in one sweep, padding skipped.

It takes float32 and bfloat16 logits of any layout whose positions stand in at most two axes, integer labels, and every
option but probabilities; weights and denominators that need a gradient, soft labels, other types and devices, traces
and transforms are left to the plain path (`_terms`), which also raises every error and warning. So are second
derivatives.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seqwise._addresses import known_address
from seqwise._readable import is_plain_cpu_tensor, is_traced
from seqwise.losses._array_terms import Terms
from seqwise.losses._kernels.cross_entropy import DTYPES, compiled, gradient
from seqwise.losses._loss_options import Averaging, ClassOptions
from seqwise.losses._plan import SUM_AND_COUNT
from seqwise.losses.torch._cross_entropy_call import PreparedCall, call_template, prepared_call
from seqwise.losses.torch._loss_sum import LossSum, as_count, reduced
from seqwise.losses.torch._terms import beside

__all__ = ["fused_cross_entropy"]

_NUMBER = torch.empty((), dtype=torch.float32, device="cpu")
Plain = Callable[[Tensor, Averaging], Tensor]
"""The loss of logits under a reduction on the plain path."""


def fused_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    options: ClassOptions,
    averaging: Averaging,
    plain: Plain,
) -> Any:
    """The loss, equal to that of the plain path; None where the plain path has to compute it.

    Arguments are those of `cross_entropy`, and `plain`, the loss of logits under a reduction on the plain path.
    """
    if is_traced():
        return None
    reduction, denominator = averaging
    function = compiled()
    if function is None or not isinstance(logits, Tensor):
        return None
    options = _here(logits, options)
    if not _is_for_this(logits, labels, *options[:4], denominator):
        return None
    template = call_template(logits, labels, options)
    if template is None:
        return None
    if reduction is not SUM_AND_COUNT:
        template.plan.check_reduction(reduction, denominator)
    inputs = prepared_call(template, labels, options)
    call, is_wanted = inputs.call, logits.requires_grad and torch.is_grad_enabled()
    call.logits = known_address(logits)
    if reduction is SUM_AND_COUNT or reduction in ("sum", "mean"):
        call.divides = reduction == "mean" and denominator is None
        result, made = torch.empty_like(_NUMBER), None
        if is_wanted:
            made = logits.new_empty_strided(logits.shape, inputs.strides)
            call.gradient = known_address(made)
        call.result = known_address(result)
        function(ctypes.byref(call))
        if call.wrong:
            return None
        loss = result if made is None else _One.apply(logits, [result, made], inputs, plain)  # type: ignore[no-untyped-call]
        if reduction is SUM_AND_COUNT:
            return LossSum(loss, loss.new_tensor(call.weight))
        return loss if denominator is None else LossSum(loss, as_count(denominator, loss)).mean()
    losses = logits.new_empty(labels.shape, dtype=torch.float32)
    weights = torch.empty_like(losses)
    call.losses, call.weights = known_address(losses), known_address(weights)
    function(ctypes.byref(call))
    if call.wrong:
        return None
    if is_wanted:
        losses = _Each.apply(logits, [losses], inputs, plain)  # type: ignore[no-untyped-call]
    return reduced(Terms(template.plan, losses, weights, inputs.class_index.view(labels.shape) >= 0), averaging)


class _One(torch.autograd.Function):
    """Attaches a sum or a mean that was computed already, with its gradient, to its logits."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, made: list[Tensor], inputs: PreparedCall, plain: Plain) -> Tensor:
        """The loss: the first of the computed tensors; the second is the gradient."""
        ctx.save_for_backward(logits)
        result, *ctx.made = made
        ctx.inputs = inputs, plain
        return result

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        """The gradient by the logits; that of the plain path where it is to be differentiated again."""
        (logits,) = ctx.saved_tensors
        inputs, plain = ctx.inputs
        if torch.is_grad_enabled() or is_traced() or not is_plain_cpu_tensor(upstream):
            averaging = Averaging("mean" if inputs.call.divides else "sum")
            return plain_gradient(lambda z: plain(z, averaging), logits, upstream), None, None, None
        factor = upstream.item()
        is_exact = factor == 1 or (logits.dtype == torch.float32 and math.isfinite(factor))
        if not (ctx.made and is_exact):  # handed out once, since the receiver may change it
            ctx.made = [gradient(inputs.again(), logits, inputs.strides, factor=1.0 if is_exact else factor)]
        found = ctx.made.pop()
        return found.mul_(upstream) if is_exact and factor != 1 else found, None, None, None


class _Each(torch.autograd.Function):
    """Attaches losses that were computed already, one for each position, to their logits."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, made: list[Tensor], inputs: PreparedCall, plain: Plain) -> Tensor:
        """The computed losses."""
        ctx.save_for_backward(logits)
        ctx.inputs = inputs, plain
        return made[0]

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        """The gradient by the logits; that of the plain path where it is to be differentiated again."""
        (logits,) = ctx.saved_tensors
        inputs, plain = ctx.inputs
        if torch.is_grad_enabled() or is_traced() or not is_plain_cpu_tensor(upstream):
            return plain_gradient(lambda z: plain(z, Averaging("none")), logits, upstream), None, None, None
        found = gradient(inputs.again(), logits, inputs.strides, upstream=upstream)
        return found, None, None, None


def plain_gradient(loss: Callable[[Tensor], Tensor], logits: Tensor, upstream: Tensor) -> Tensor:
    """The gradient as autograd takes it, through which it can be differentiated when gradients are enabled."""
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        at = logits if again else logits.detach().requires_grad_()
        (found,) = torch.autograd.grad(loss(at), at, upstream, create_graph=again)
    return found


def _here(logits: Tensor, options: ClassOptions) -> ClassOptions:
    """The options on the device of the logits; unchanged where all are tensors on the CPU, the usual case."""
    for option in options[:4]:
        if option is not None and not (isinstance(option, Tensor) and option.is_cpu):
            return options.with_arrays(beside("cross_entropy", logits))
    return options


def _is_for_this(logits: Tensor, labels: Tensor, *options: Any) -> bool:
    """Whether all that arrived can be read by the code in C, and nothing but the logits needs a gradient."""
    if not (isinstance(logits, Tensor) and logits.dtype in DTYPES and is_plain_cpu_tensor(logits)):
        return False
    if not (isinstance(labels, Tensor) and is_plain_cpu_tensor(labels)) or labels.is_floating_point():
        return False
    for option in options:
        if isinstance(option, Tensor):
            if not is_plain_cpu_tensor(option) or option.requires_grad:
                return False
        elif option is not None and not isinstance(option, int | float):
            return False
    return True
