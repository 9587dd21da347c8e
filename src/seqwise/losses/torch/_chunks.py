"""Head and loss a few rows at a time: the logits of a chunk are made, turned into their gradient, and used up.

Three products are all that head and loss need: logits = hidden x weight, and from the gradient by the logits those by
hidden and by weight. Chunks are as large as fits the cache, so that what lies between the products costs next to
nothing, and all logits are never in memory. Rows that do not count are left out before the first product.

The gradients are made in the forward pass, for the gradient by each loss that the reduction is going to send back. In
the backward pass the actual gradient is compared: if it is a multiple of the expected one the gradients are multiplied,
else they are computed again.
"""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqwise._addresses import address, strided_address
from seqwise._products import multiply
from seqwise._readable import is_plain_cpu_tensor, is_traced
from seqwise.losses._kernels.cross_entropy import DTYPES, NO_MEMORY, call_of, compiled
from seqwise.losses._kernels.joint_layout import joint_layout
from seqwise.losses._loss_options import ClassOptions
from seqwise.losses._plan import Plan
from seqwise.losses.torch._scratch import scratch, with_large_pages
from seqwise.losses.torch._terms import class_terms_of

__all__ = ["Head", "HeadPositions", "Rows", "chunked_losses"]

CHUNK_BYTES = 1 << 26
"""Logits of a chunk on the CPU: as many rows as matrix products need to be quick; see benchmarks/LOG.md."""
CHUNK_BYTES_ELSEWHERE = 1 << 28
COPIES_OF_PLAIN = 4
"""As many arrays of the size of the logits are in use on the plain path."""
HALF_BYTES = 1 << 24
"""The memory through which gradients in half precision are summed in float32."""


_IN_ROWS = torch.contiguous_format


class Head(NamedTuple):
    """The factors of the logits: hidden (rows, features), weight (outputs x classes, features) and bias."""

    hidden: Tensor
    weight: Tensor
    bias: Tensor | None


class Rows(NamedTuple):
    """The inputs of the compiled code for each position, without its logits.

    Attributes:
        class_index: int32, the class of each position, flat; -1 where it does not count.
        class_weight: float32, (classes,) or (outputs, classes), side by side; None for 1.
        outputs: the size of the last axis of the positions, for class_weight of each output; else 1.
        sample_weight: float32, one for each position, flat; None for 1.
    """

    class_index: Tensor
    class_weight: Tensor | None
    outputs: int
    sample_weight: Tensor | None


@dataclass(frozen=True)
class HeadPositions:
    """The inputs of each position without its logits; the first axis of all tensors is the rows of hidden.

    Attributes:
        plan: of positions (rows,) or (rows, outputs).
        labels: class indices, or one-hot or soft labels.
        counts: which positions count; None when all do.
        options: those of the loss, with a sample_weight of each position.
        rows: class indices for the compiled code; None where there is none, or it does not take them.
    """

    plan: Plan
    labels: Tensor
    counts: Tensor | None
    options: ClassOptions
    rows: Rows | None

    def of(self, rows: slice | Tensor) -> HeadPositions:
        """Those of some rows of hidden."""
        if isinstance(rows, slice) and rows.start == 0 and rows.stop >= len(self.labels):
            return self
        labels = self.labels[rows]
        counts = None if self.counts is None else self.counts[rows]
        options = self.options.with_arrays(lambda name, array: array[rows] if name == "sample_weight" else array)
        plan = dataclasses.replace(self.plan, positions=(labels.shape[0], *_sizes(self.plan)[1:]))
        known = self.rows
        if known is not None:
            index = known.class_index.view(_sizes(self.plan))[rows].reshape(-1)
            own = options.sample_weight
            weight = None if own is None else own.reshape(-1).contiguous()
            known = known._replace(class_index=index, sample_weight=weight)
        return HeadPositions(plan, labels, counts, options, known)

    def losses(self, logits: Tensor, upstream: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The losses of logits (rows, outputs x classes); for an upstream the gradient, which may overwrite them."""
        laid_out = logits.view(*_sizes(self.plan), -1)
        if self.rows is not None and logits.dtype in (torch.float32, torch.bfloat16):
            return self._compiled(laid_out, upstream)
        with torch.enable_grad():
            at = laid_out.detach().requires_grad_(upstream is not None)
            terms = class_terms_of(self.plan, at, self.labels, self.counts, self.options)
        if upstream is None:
            return terms.losses, None
        (slope,) = torch.autograd.grad(terms.losses, at, upstream)
        return terms.losses.detach(), slope.view(logits.shape)

    def _compiled(self, logits: Tensor, upstream: Tensor | None) -> tuple[Tensor, Tensor | None]:
        rows, function = self.rows, compiled()
        assert rows is not None
        assert function is not None
        layout = joint_layout(logits.shape, logits.dim() - 1, logits.stride(), logits.stride())
        assert layout is not None
        call = call_of(logits.dtype, layout, outputs=rows.outputs, smoothing=self.plan.label_smoothing)
        losses = logits.new_empty(logits.shape[:-1], dtype=torch.float32)
        total = rows.class_weight.sum(-1) if rows.class_weight is not None and call.smoothing else None
        slopes = None if upstream is None else upstream.reshape(-1).contiguous()
        count, classes = losses.numel(), logits.shape[-1]
        is_of_each = rows.class_weight is not None and rows.class_weight.dim() > 1
        of_weight = (rows.outputs, classes) if is_of_each else (classes,)
        call.logits, call.losses = strided_address(logits, *DTYPES), address(losses, torch.float32)
        call.index = address(rows.class_index, torch.int32, (count,))
        call.class_weight = address(rows.class_weight, torch.float32, of_weight)
        call.class_total = address(total, torch.float32, of_weight[:-1])
        call.sample_weight = address(rows.sample_weight, torch.float32, (count,))
        call.upstream = address(slopes, torch.float32, (count,))
        call.gradient = None if slopes is None else call.logits
        function(ctypes.byref(call))
        if call.wrong == NO_MEMORY:
            raise MemoryError("out of memory for a cross-entropy; use smaller batches")
        return losses, None if slopes is None else logits.view(logits.shape[0], -1)


def chunked_losses(
    head: Head, positions: HeadPositions, expected: Tensor | None, plain: Callable[[Head], Tensor]
) -> Tensor:
    """The loss of each position, attached to the head.

    Args:
        head: the factors of the logits.
        positions: labels and weights.
        expected: the gradient by the losses up to a factor; None when it is unknown.
        plain: the same losses on the plain path.
    """
    losses: Tensor = _Chunked.apply(*head, positions, expected, plain)  # type: ignore[no-untyped-call]
    return losses


class _Chunked(torch.autograd.Function):
    """The losses, with the gradients that they are going to be asked for."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        positions: HeadPositions,
        expected: Tensor | None,
        plain: Callable[[Head], Tensor],
    ) -> Tensor:
        """The loss of each position."""
        head, wanted = Head(hidden, weight, bias), ctx.needs_input_grad[:3]
        losses, gradients = _pass(head, positions, expected if any(wanted) else None, wanted)
        ctx.save_for_backward(hidden, weight, bias)
        ctx.given, ctx.gradients = (positions, expected, plain), gradients
        return losses

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients by hidden, weight and bias."""
        head, wanted = Head(*ctx.saved_tensors), ctx.needs_input_grad[:3]
        positions, expected, plain = ctx.given
        if torch.is_grad_enabled() or is_traced() or (upstream.is_cpu and not is_plain_cpu_tensor(upstream)):
            return *_plain_gradients(plain, head, wanted, upstream), None, None, None
        made, ctx.gradients = ctx.gradients, None  # handed out once, since the receiver may change them
        factor = None if made is None else _factor(upstream, expected)
        if factor is None:
            _, made = _pass(head, positions, upstream, wanted)
        elif factor != 1:
            made = tuple(None if gradient is None else gradient.mul_(factor) for gradient in made)
        return *made, None, None, None


def _sizes(plan: Plan) -> list[int]:
    return [size or 0 for size in plan.positions]


def _factor(upstream: Tensor, expected: Tensor) -> float | None:
    """The factor from the expected gradient to the actual one; None where there is none."""
    if torch.equal(upstream, expected):
        return 1.0
    size = (expected * expected).sum(dtype=torch.float64)
    factor = float((upstream * expected).sum(dtype=torch.float64) / size) if size > 0 else 0.0
    return factor if torch.allclose(upstream, expected * factor, rtol=1e-6, atol=0) else None


def _plain_gradients(
    plain: Callable[[Head], Tensor], head: Head, wanted: tuple[bool, ...], upstream: Tensor
) -> tuple[Tensor | None, ...]:
    """The gradients as autograd takes them, through which they can be differentiated when gradients are enabled."""
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        at = head if again else Head(*(None if t is None else t.detach() for t in head))  # type: ignore[arg-type]
        inputs = [t for t, is_wanted in zip(at, wanted, strict=True) if t is not None and is_wanted]
        for tensor in inputs:
            tensor.requires_grad_()
        found = iter(torch.autograd.grad(plain(at), inputs, upstream, create_graph=again))
    return tuple(next(found) if is_wanted else None for is_wanted in wanted)


def _pass(
    head: Head, positions: HeadPositions, upstream: Tensor | None, wanted: tuple[bool, ...]
) -> tuple[Tensor, tuple[Tensor | None, ...] | None]:
    """Losses and, for an upstream, the gradients by hidden, weight and bias that are wanted."""
    hidden, weight, bias = head
    dtype = torch.promote_types(hidden.dtype, torch.float32)
    losses = torch.zeros(_sizes(positions.plan), dtype=dtype, device=hidden.device)
    sums = _Sums(head, wanted) if upstream is not None else None
    most = min(_most_rows(head, positions), len(hidden))
    with scratch((most, weight.shape[0]), hidden) as space:
        for rows, some in _chunks(head, positions):
            part = positions.of(rows)
            chosen = hidden[rows]
            if some is not None:
                chosen = torch.where(some[rows].unsqueeze(-1), chosen, 0.0)
            logits = multiply(chosen, weight.t(), space[: chosen.shape[0]], bias=bias)
            losses[rows], slope = part.losses(logits, None if upstream is None else upstream[rows])
            if sums is not None and slope is not None:
                sums.add(rows, chosen, slope)
    return losses, None if sums is None else sums.result()


def _chunks(head: Head, positions: HeadPositions) -> Iterator[tuple[slice | Tensor, Tensor | None]]:
    """Rows of hidden that make a chunk; and which rows count, where leaving them out would wait for a GPU."""
    hidden, counts = head.hidden, positions.counts
    some = counts if counts is None or counts.dim() == 1 else counts.any(-1)
    most = _most_rows(head, positions)
    if some is None or not hidden.is_cpu or some.all():
        for begin in range(0, hidden.shape[0], most):
            yield slice(begin, begin + most), None if hidden.is_cpu else some
        return
    kept = some.nonzero().squeeze(-1)
    for begin in range(0, len(kept), most):
        yield kept[begin : begin + most], None


def _most_rows(head: Head, positions: HeadPositions) -> int:
    """Of a chunk."""
    size = CHUNK_BYTES if head.hidden.is_cpu else CHUNK_BYTES_ELSEWHERE
    copies = 1 if positions.rows is not None else COPIES_OF_PLAIN
    return max(1, size // (head.weight.shape[0] * head.weight.itemsize * copies))


class _Sums:
    """Gradients that grow chunk by chunk; those of half precision are summed in float32."""

    def __init__(self, head: Head, wanted: tuple[bool, ...]) -> None:
        self._head, self._dtype = head, torch.promote_types(head.hidden.dtype, torch.float32)
        self._hidden = torch.empty_like(head.hidden, memory_format=_IN_ROWS) if wanted[0] else None
        self._weight = torch.empty_like(head.weight, dtype=self._dtype, memory_format=_IN_ROWS) if wanted[1] else None
        for gradient in (self._hidden, self._weight):
            if gradient is not None and gradient.is_cpu:
                with_large_pages(gradient)
        self._bias = torch.zeros_like(head.bias, dtype=self._dtype) if head.bias is not None and wanted[2] else None
        self._begun = False

    def add(self, rows: slice | Tensor, hidden: Tensor, slope: Tensor) -> None:
        """Adds the gradients of a chunk, from its hidden and the gradient by its logits."""
        if self._hidden is not None and not isinstance(rows, slice) and not self._begun:
            self._hidden.zero_()  # some do not count
        if self._hidden is not None and isinstance(rows, slice):
            multiply(slope, self._head.weight, self._hidden[rows])
        elif self._hidden is not None:
            self._hidden[rows] = multiply(slope, self._head.weight, hidden.new_empty(hidden.shape))
        if self._weight is not None and hidden.dtype == self._dtype:
            multiply(slope.t(), hidden, self._weight, adds=self._begun)
        elif self._weight is not None:
            self._add_half(hidden, slope, self._weight)
        if self._bias is not None:
            self._bias += slope.sum(0, dtype=self._dtype)
        self._begun = True

    def _add_half(self, hidden: Tensor, slope: Tensor, to: Tensor) -> None:
        """The same for half precision: products of some classes at a time are rounded once, then summed in float32."""
        most = max(1, HALF_BYTES // (hidden.shape[1] * 4))
        space = hidden.new_empty(min(most, len(to)), hidden.shape[1])
        for begin in range(0, len(to), most):
            some = slope[:, begin : begin + most]
            part = multiply(some.t(), hidden, space[: some.shape[1]])
            if self._begun:
                to[begin : begin + most] += part
            else:
                to[begin : begin + most] = part

    def result(self) -> tuple[Tensor | None, ...]:
        """The gradients by hidden, weight and bias, in the types of these."""
        if not self._begun:  # nothing counts
            for gradient in (self._hidden, self._weight):
                if gradient is not None:
                    gradient.zero_()
        dtype = self._head.hidden.dtype
        return tuple(None if s is None else s.to(dtype) for s in (self._hidden, self._weight, self._bias))
