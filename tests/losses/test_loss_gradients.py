"""Gradients: autograd, numeric differences and softmax minus one-hot say the same, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from loss_cases import BINARY_CASES, CLASS_CASES, TORCH, Case, one_hot

import oracle
from seqwise.losses.torch import binary_cross_entropy, cross_entropy, loss_sum

SMOOTH = [case for case in CLASS_CASES if case.options.get("from_logits", True)]
FINITE = [case for case in SMOOTH if np.isfinite(case.logits).all() and np.abs(case.logits).max() < 100]
FINITE_BINARY = [
    case for case in BINARY_CASES if np.abs(case.logits).max() < 100 and case.name != "probabilities 0 and 1"
]


def tensors(case: Case) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
    given = TORCH.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    return given.pop("logits").requires_grad_(), given.pop("labels"), given


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("labels", ["index", "one-hot"])
@pytest.mark.parametrize("case", SMOOTH, ids=named)
def test_the_gradient_is_softmax_minus_the_label(case: Case, labels: str) -> None:
    logits, truth, options = tensors(case)
    if labels == "one-hot":
        truth = torch.tensor(one_hot(case.labels, logits.shape[-1], case.options.get("label_values"))).double()
    cross_entropy(logits, truth, reduction="sum", **options).backward()
    wanted = oracle.class_gradient(case.logits, case.labels, **case.options)
    assert logits.grad is not None
    for position, gradient in wanted.items():
        assert logits.grad[position].tolist() == pytest.approx(gradient, rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("case", FINITE, ids=named)
def test_autograd_equals_numeric_differences(case: Case) -> None:
    logits, labels, options = tensors(case)
    assert torch.autograd.gradcheck(lambda z: cross_entropy(z, labels, **options), logits, fast_mode=True)


@pytest.mark.parametrize("case", FINITE_BINARY, ids=named)
def test_autograd_of_yes_or_no_equals_numeric_differences(case: Case) -> None:
    logits, labels, options = tensors(case)
    assert torch.autograd.gradcheck(lambda z: binary_cross_entropy(z, labels, **options), logits, fast_mode=True)


@pytest.mark.parametrize("name", ["class weights", "every option"])
def test_second_derivatives_equal_numeric_differences(name: str) -> None:
    logits, labels, options = tensors(next(case for case in CLASS_CASES if case.name == name))
    assert torch.autograd.gradgradcheck(lambda z: cross_entropy(z, labels, **options), logits, fast_mode=True)


def test_second_derivatives_of_yes_or_no_equal_numeric_differences() -> None:
    logits, labels, options = tensors(next(case for case in BINARY_CASES if case.name == "every option"))
    assert torch.autograd.gradgradcheck(lambda z: binary_cross_entropy(z, labels, **options), logits, fast_mode=True)


@pytest.mark.parametrize("weight", ["class_weight", "sample_weight"])
def test_gradients_reach_the_weights(weight: str) -> None:
    logits, labels, options = tensors(next(case for case in CLASS_CASES if case.name == "every option"))
    weights = options.pop(weight).requires_grad_()
    assert torch.autograd.gradcheck(lambda w: cross_entropy(logits.detach(), labels, **{weight: w}, **options), weights)


def test_a_sample_weight_of_0_still_has_a_gradient() -> None:
    weights = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    logits, labels = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64), torch.tensor([0, 0])
    cross_entropy(logits, labels, sample_weight=weights, reduction="sum").backward()
    torch.testing.assert_close(weights.grad, cross_entropy(logits, labels, reduction="none"))


def test_gradients_reach_soft_labels() -> None:
    logits = torch.tensor([[1.0, 0.0, -1.0]], dtype=torch.float64)
    shares = torch.tensor([[0.5, 0.5, 0.0]], dtype=torch.float64, requires_grad=True)
    cross_entropy(logits, shares).backward()
    torch.testing.assert_close(shares.grad, -logits.log_softmax(-1))


def test_micro_batches_with_one_denominator_have_the_gradient_of_the_batch() -> None:
    logits, labels, options = tensors(next(case for case in CLASS_CASES if case.name == "lengths"))
    (wanted,) = torch.autograd.grad(cross_entropy(logits, labels, **options), logits)
    lengths = options["lengths"]
    for row in range(3):
        one = slice(row, row + 1)
        cross_entropy(logits[one], labels[one], lengths=lengths[one], denominator=lengths.sum()).backward()
    torch.testing.assert_close(logits.grad, wanted)


def test_the_sum_of_loss_sum_has_the_gradient_of_the_sum() -> None:
    logits, labels, options = tensors(next(case for case in CLASS_CASES if case.name == "every option"))
    (found,) = torch.autograd.grad(loss_sum(cross_entropy, logits, labels, **options).sum, logits)
    (wanted,) = torch.autograd.grad(cross_entropy(logits, labels, reduction="sum", **options), logits)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)


def test_a_probability_below_the_floor_has_no_gradient() -> None:
    probabilities = torch.tensor([[0.0, 1.0]], requires_grad=True)
    cross_entropy(probabilities, torch.tensor([0]), from_logits=False).backward()
    assert probabilities.grad is not None
    assert probabilities.grad.tolist() == [[0.0, 0.0]]
