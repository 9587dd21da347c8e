"""The sample inputs that torch publishes for its own losses, run through ours: values and gradients.

Every call with class indices must agree. What is answered otherwise is said in the test and in docs/differences.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from seqwise.errors import ShapeError, ValuesError
from seqwise.losses.torch import binary_cross_entropy, cross_entropy, linear_cross_entropy


def samples(name: str) -> Iterator[tuple[str, Any]]:
    """The published calls of one loss, each with a name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's testing tools warn when they are imported
        from torch.testing._internal.common_methods_invocations import op_db
    for operator in op_db:
        if operator.name == f"nn.functional.{name}":
            for number, sample in enumerate(operator.sample_inputs("cpu", torch.float64, requires_grad=True)):
                yield f"{operator.variant_test_name or 'plain'}-{number}", sample


def both(theirs: Callable[[], Tensor], ours: Callable[[], Tensor], *inputs: Tensor) -> None:
    """Two losses with one value and one gradient for every input."""
    wanted, found = theirs(), ours()
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-13)
    upstream = torch.linspace(0.5, 1.5, wanted.numel(), dtype=wanted.dtype).reshape(wanted.shape)
    for mine, other in zip(
        torch.autograd.grad(found, inputs, upstream), torch.autograd.grad(wanted, inputs, upstream), strict=True
    ):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-13)


def options_of(sample: Any) -> dict[str, Any]:
    """torch's options under our names."""
    return {
        "class_weight": sample.kwargs.get("weight"),
        "ignore_index": sample.kwargs.get("ignore_index"),
        "label_smoothing": sample.kwargs.get("label_smoothing", 0.0),
        "reduction": sample.kwargs.get("reduction", "mean"),
    }


def answer(
    theirs: Callable[[Tensor], Tensor],
    ours: Callable[..., Tensor],
    labels: Tensor,
    axis: int,
    sample: Any,
    inputs: list[Tensor],
) -> None:
    """Equal for class indices. torch's soft labels are any numbers: refused, and equal once they are shares of 1.

    torch divides the mean over soft labels by the number of rows, whatever the class weights; our divisor is that of
    class indices, so that one-hot and index agree. `denominator` gives torch's.
    """
    if not labels.is_floating_point():
        both(partial(theirs, labels), partial(ours, labels), *inputs)
        return
    with pytest.raises(ValuesError, match="labels"):
        ours(labels)
    shares = labels.detach().abs() / labels.detach().abs().sum(axis, keepdim=True)
    averaged = sample.kwargs.get("reduction", "mean") == "mean"
    rows = shares.numel() // shares.shape[axis] if averaged else None
    both(partial(theirs, shares), partial(ours, shares, denominator=rows), *inputs)
    if averaged and sample.kwargs.get("weight") is not None:
        assert not torch.allclose(ours(shares), theirs(shares))
    else:
        both(partial(theirs, shares), partial(ours, shares), *inputs)


def each(name: str) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """A test of every published call of a loss. torch takes seconds to make them, so none is made before it is run."""

    def tested(test: Callable[[Any], None]) -> Callable[[], None]:
        def of_all() -> None:
            calls = 0
            for title, sample in samples(name):
                calls += 1
                try:
                    test(sample)
                except BaseException as error:
                    error.add_note(f"in the published call {title}")
                    raise
            assert calls > 20

        of_all.__name__ = test.__name__
        return of_all

    return tested


@each("cross_entropy")
def test_cross_entropy(sample: Any) -> None:
    logits, labels = sample.input, sample.args[0]
    axis = 0 if logits.ndim == 1 else 1
    ours = partial(cross_entropy, logits, class_axis=axis, **options_of(sample))
    theirs = partial(functional.cross_entropy, logits, **sample.kwargs)
    answer(
        lambda labels: theirs(target=labels),
        lambda labels, **o: ours(labels=labels, **o),
        labels,
        axis,
        sample,
        [logits],
    )


@each("nll_loss")
def test_nll_loss_of_log_probabilities(sample: Any) -> None:
    logits, labels = sample.input, sample.args[0]
    axis = 0 if logits.ndim == 1 else 1
    both(
        lambda: functional.nll_loss(logits.log_softmax(axis), labels, **sample.kwargs),
        partial(cross_entropy, logits, labels, class_axis=axis, **options_of(sample)),
        logits,
    )


@each("binary_cross_entropy_with_logits")
def test_binary_cross_entropy(sample: Any) -> None:
    logits, labels = sample.input, sample.args[0]
    weight, reduction = sample.kwargs.get("weight"), sample.kwargs.get("reduction", "mean")
    if weight is not None:
        weight = weight.reshape((1,) * (logits.ndim - weight.ndim) + tuple(weight.shape))
    if not logits.ndim:  # a number without axes has no batch: refused, and equal as a batch of one
        with pytest.raises(ShapeError, match="labels do not have the shape of the logits"):
            binary_cross_entropy(logits, labels)
        logits, labels = logits.reshape(1), labels.reshape(1)
    both(
        partial(functional.binary_cross_entropy_with_logits, logits, labels, **sample.kwargs),
        partial(
            binary_cross_entropy,
            logits,
            labels,
            pos_weight=sample.kwargs.get("pos_weight"),
            sample_weight=weight,
            reduction=reduction,
            denominator=logits.numel() if reduction == "mean" else None,  # torch divides by the number of labels
        ),
        logits,
    )


@pytest.mark.filterwarnings("ignore:linear_cross_entropy")  # torch's chunks say which options they leave out
@each("linear_cross_entropy")
def test_linear_cross_entropy(sample: Any) -> None:
    hidden, (weight, labels) = sample.input, sample.args
    bias = sample.kwargs.get("linear_bias")
    axis = 0 if hidden.ndim == 1 else 1
    outputs = weight.shape[1:-1]  # torch has the classes first: (C, K, ..., D); ours is (K, C, D)
    rows = weight.movedim(0, -2).reshape(*([-1] if outputs else []), *weight.shape[:: len(weight.shape) - 1])

    def ours(labels: Tensor, **options: Any) -> Tensor:
        labels = labels.movedim(axis, -1) if labels.is_floating_point() else labels
        classes = labels.shape[-1:] if labels.is_floating_point() else ()
        if outputs:
            labels = labels.reshape(*hidden.shape[:-1], -1, *classes)
        loss = linear_cross_entropy(
            hidden,
            rows,
            labels,
            bias=None if bias is None else bias.movedim(0, -1).reshape(rows.shape[:-1]),
            **options_of(sample),
            **options,
        )
        return loss.reshape(*hidden.shape[:-1], *outputs) if loss.ndim and outputs else loss

    inputs = [tensor for tensor in (hidden, weight, bias) if tensor is not None and tensor.requires_grad]
    theirs = partial(functional.linear_cross_entropy, hidden, weight, **sample.kwargs)
    answer(lambda labels: theirs(target=labels), ours, labels, axis, sample, inputs)
