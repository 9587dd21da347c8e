"""Cases of the losses: cross-entropy forward and backward, and head and loss in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqwise.bench.case import Case, Kind, Way, gradients
from seqwise.losses.torch import cross_entropy, linear_cross_entropy

__all__ = ["head_case", "loss_case", "outputs_case"]

_IGNORED = -100
_HALF_PRECISION = 4e-2
"""bfloat16 has 8 bits: sums of some hundred of its products differ in the second digit where they nearly cancel."""


def loss_case(batch: int, time: int, classes: int, *, padding: float = 0.35) -> Case:
    """Cross-entropy of a padded batch, one label per step, forward and backward.

    Beside the ways of torch: all steps in one row, labels of padding ignored; the classes moved to axis 1, as its
    documentation has it; what counts selected first. The limit reads the logits that count once and writes each
    gradient once.
    """
    shape = f"({batch}, {time}, {classes}), {padding:.0%} padding"
    return Case("cross_entropy", shape, partial(_loss_ways, batch, time, classes, padding))


def _loss_ways(batch: int, time: int, classes: int, padding: float) -> Sequence[Way]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(batch, time, classes, generator=generator, requires_grad=True)
    lengths = _lengths(batch, time, padding)
    counts = torch.arange(time) < lengths[:, None]
    labels = torch.randint(classes, (batch, time), generator=generator).masked_fill(~counts, _IGNORED)
    return [
        _way("seqwise", lambda: cross_entropy(logits, labels, lengths=lengths), logits, "ours"),
        _way("torch, flat", lambda: functional.cross_entropy(logits.flatten(0, 1), labels.flatten()), logits),
        _way("torch, transposed", lambda: functional.cross_entropy(logits.transpose(1, 2), labels), logits),
        _way("torch, selected", lambda: functional.cross_entropy(logits[counts], labels[counts]), logits),
        Way("bytes alone", _moved(logits, int(counts.sum()) * classes), "limit"),
    ]


def outputs_case(batch: int, outputs: int, classes: int, *, gaps: float = 0.1) -> Case:
    """Cross-entropy of K outputs of C classes, some labels missing, forward and backward."""
    shape = f"({batch}, {outputs}, {classes}), {gaps:.0%} gaps"
    return Case("cross_entropy of outputs", shape, partial(_outputs_ways, batch, outputs, classes, gaps))


def _outputs_ways(batch: int, outputs: int, classes: int, gaps: float) -> Sequence[Way]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(batch, outputs, classes, generator=generator, requires_grad=True)
    missing = torch.rand(batch, outputs, generator=generator) < gaps
    labels = torch.randint(classes, (batch, outputs), generator=generator).masked_fill(missing, _IGNORED)
    return [
        _way("seqwise", lambda: cross_entropy(logits, labels, ignore_index=_IGNORED), logits, "ours"),
        _way("torch, flat", lambda: functional.cross_entropy(logits.flatten(0, 1), labels.flatten()), logits),
        _way("torch, transposed", lambda: functional.cross_entropy(logits.transpose(1, 2), labels), logits),
        Way("bytes alone", _moved(logits, logits.numel()), "limit"),
    ]


def _way(name: str, loss: Callable[[], Tensor], logits: Tensor, kind: Kind = "peer") -> Way:
    return Way(name, gradients(loss, {"logits": logits}), kind)


def _lengths(batch: int, time: int, padding: float) -> Tensor:
    """Lengths evenly spread so that their mean leaves that share of padding; the longest is the whole time."""
    shares = torch.linspace(max(0.0, 1 - 2 * padding), 1, batch)
    return (shares * time).round().long().clamp(1, time)


def _moved(logits: Tensor, counted: int) -> Callable[[], None]:
    """Reads that many logits and writes as many numbers as there are gradients."""
    source, gradient = logits.detach().flatten(), torch.empty(logits.numel())

    def run() -> None:
        gradient[:counted].copy_(source[:counted])
        gradient[counted:].zero_()

    return run


def head_case(
    tokens: int, features: int, classes: int, *, dtype: torch.dtype = torch.float32, ignored: float = 0.0
) -> Case:
    """Linear layer and cross-entropy in one, forward and backward: the loss, and the gradients of both inputs.

    Beside torch's two functions one after the other, and in float32 its own `linear_cross_entropy` in chunks, where
    torch has it. The limit is the three matrix products, into memory that is there already; in float32 also those of
    oneDNN, which on some processors are quicker than torch's own. In bfloat16, and with rows that do not count, the
    same call is set beside itself in float32 and with all rows.

    Args:
        tokens: rows of the hidden states.
        features: columns of them.
        classes: rows of the head's weight.
        dtype: of hidden states and weight.
        ignored: the share of the rows that do not count.
    """
    shape = f"{tokens} x {features} x {classes:,}, {str(dtype).removeprefix('torch.')}"
    shape += f", {ignored:.0%} not counted" if ignored else ""
    ways = partial(_head_ways, tokens, features, classes, dtype, ignored)
    return Case("head + loss", shape, ways, measures_memory=dtype == torch.float32 and not ignored)


def _head_ways(tokens: int, features: int, classes: int, dtype: torch.dtype, ignored: float) -> Sequence[Way]:
    generator = torch.Generator().manual_seed(0)
    whole = torch.randn(tokens, features, generator=generator)
    weights = torch.randn(classes, features, generator=generator) * features**-0.5
    every = torch.randint(classes, (tokens,), generator=generator)
    labels = every.masked_fill(torch.rand(tokens, generator=generator) < ignored, _IGNORED)
    hidden, weight = whole.to(dtype).requires_grad_(), weights.to(dtype).requires_grad_()
    tolerance = 1e-4 if dtype == torch.float32 else _HALF_PRECISION

    def ours(name: str, hidden: Tensor, weight: Tensor, labels: Tensor, kind: Kind = "other") -> Way:
        loss = partial(linear_cross_entropy, hidden, weight, labels, ignore_index=_IGNORED)
        return Way(name, gradients(loss, {"hidden": hidden, "weight": weight}), kind)

    def peer(name: str, loss: Callable[[], Tensor]) -> Way:
        return Way(name, gradients(loss, {"hidden": hidden, "weight": weight}), tolerance=tolerance)

    ways = [
        ours("seqwise", hidden, weight, labels, "ours"),
        peer("torch", lambda: functional.cross_entropy(functional.linear(hidden, weight), labels)),
    ]
    chunked = _chunked()
    if chunked is not None and dtype == torch.float32:
        ways.append(peer("torch, chunked", lambda: chunked(hidden, weight, labels)))
    if dtype != torch.float32:
        ways.append(ours("itself in float32", whole.requires_grad_(), weights.requires_grad_(), labels))
    if ignored:
        ways.append(ours("itself, all counted", hidden, weight, every))
    rows = int((labels != _IGNORED).sum())
    if dtype == torch.float32 and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        ways.append(Way("products in oneDNN", _onednn_products(hidden, weight, rows), "limit"))
    return [*ways, Way("products alone", _products(hidden, weight, rows), "limit")]


def _chunked() -> Callable[..., Tensor] | None:
    """Head and loss of torch itself, in chunks; None before torch 2.13."""
    options = getattr(nn, "LinearCrossEntropyOptions", None)
    return None if options is None else partial(getattr(functional, "linear_cross_entropy"), options=options())  # noqa: B009


def _products(hidden: Tensor, weight: Tensor, rows: int) -> Callable[[], None]:
    """The logits, and the gradients of hidden states and weight, of the rows that count: products and nothing else."""
    rows_in, weight = hidden.detach()[:rows], weight.detach()
    logits = torch.zeros(rows, weight.shape[0], dtype=weight.dtype)
    of_hidden, of_weight = torch.empty_like(rows_in), torch.empty_like(weight)

    def run() -> None:
        torch.mm(rows_in, weight.T, out=logits)
        torch.mm(logits, weight, out=of_hidden)
        torch.mm(logits.T, rows_in, out=of_weight)

    return run


def _onednn_products(hidden: Tensor, weight: Tensor, rows: int) -> Callable[[], None]:
    """The three products of `_products` as oneDNN multiplies, each into new memory, which is part of its time."""
    rows_in, weight = hidden.detach()[:rows], weight.detach()
    logits = torch.zeros(rows, weight.shape[0])

    def product(left: Tensor, right: Tensor) -> None:
        torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")

    def run() -> None:
        product(rows_in, weight)
        product(logits, weight.T)
        product(logits.T, rows_in.T)

    return run
