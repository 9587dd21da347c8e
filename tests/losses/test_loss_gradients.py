"""Gradients: autograd, numeric differences and the derivative on paper say the same, in float64."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from loss_cases import BINARY_CASES, CLASS_CASES, CLASS_LOSSES, JAX, TORCH, Backend, Case, flat, one_hot

import oracle
import seqwise.losses.torch
from seqwise.losses.torch import binary_cross_entropy, cross_entropy, loss_sum

SMOOTH = [case for case in CLASS_CASES if case.options.get("from_logits", True)]
INSIDE = [case for case in CLASS_CASES if not case.name.startswith("probability 0")]
FINITE = [case for case in INSIDE if np.isfinite(case.logits).all() and np.abs(case.logits).max() < 100]
FINITE_BINARY = [
    case for case in BINARY_CASES if np.abs(case.logits).max() < 100 and case.name != "probabilities 0 and 1"
]


def tensors(case: Case) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
    given = TORCH.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    return given.pop("logits").requires_grad_(), given.pop("labels"), given


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("labels", ["index", "one-hot"])
@pytest.mark.parametrize("name", CLASS_LOSSES)
@pytest.mark.parametrize("case", SMOOTH, ids=named)
def test_the_gradient_is_the_derivative_on_paper(case: Case, name: str, labels: str) -> None:
    agree_with_paper(TORCH, case, name, labels)


@pytest.mark.parametrize("name", CLASS_LOSSES)
@pytest.mark.parametrize("case", SMOOTH, ids=named)
def test_the_gradient_in_jax_is_the_derivative_on_paper(case: Case, name: str) -> None:
    agree_with_paper(JAX, case, name, "one-hot" if case.name in ("every option", "smoothing", "lengths") else "index")


def agree_with_paper(backend: Backend, case: Case, name: str, labels: str) -> None:
    loss, own = CLASS_LOSSES[name]
    classes = oracle.shape(case.logits)[-1]
    truth = case.labels if labels == "index" else one_hot(case.labels, classes, case.options.get("label_values"))
    found = np.array(backend.gradient(loss, case.logits, truth, reduction="sum", **own, **case.options))
    wanted = oracle.class_gradient(case.logits, case.labels, loss=loss, **own, **case.options)
    for position, gradient in wanted.items():
        assert found[position].tolist() == pytest.approx(gradient, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("case", [case for case in BINARY_CASES if case.options.get("from_logits", True)], ids=named)
def test_the_gradient_of_yes_or_no_is_the_derivative_on_paper(case: Case, differentiable: Backend) -> None:
    found = differentiable.gradient("binary_cross_entropy", case.logits, case.labels, reduction="sum", **case.options)
    wanted = list(oracle.binary_gradient(case.logits, case.labels, **case.options).values())
    assert flat(found) == pytest.approx(wanted, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", CLASS_LOSSES)
@pytest.mark.parametrize("case", FINITE, ids=named)
def test_autograd_equals_numeric_differences(case: Case, name: str) -> None:
    loss, own = CLASS_LOSSES[name]
    logits, labels, options = tensors(case)
    function = partial(getattr(seqwise.losses.torch, loss), labels=labels, **own, **options)
    assert torch.autograd.gradcheck(function, logits, fast_mode=True)


@pytest.mark.parametrize("case", FINITE_BINARY, ids=named)
def test_autograd_of_yes_or_no_equals_numeric_differences(case: Case) -> None:
    logits, labels, options = tensors(case)
    assert torch.autograd.gradcheck(lambda z: binary_cross_entropy(z, labels, **options), logits, fast_mode=True)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_the_gradient_by_probabilities_is_the_same_in_all_frameworks(name: str, differentiable: Backend) -> None:
    loss, own = CLASS_LOSSES[name]
    case = next(case for case in CLASS_CASES if case.name == "probabilities")
    found, wanted = (
        backend.gradient(loss, case.logits, case.labels, **own, **case.options) for backend in (differentiable, TORCH)
    )
    assert flat(found) == pytest.approx(flat(wanted), rel=1e-12)


@pytest.mark.parametrize("name", CLASS_LOSSES)
@pytest.mark.parametrize("case_name", ["class weights", "every option", "probabilities"])
def test_second_derivatives_equal_numeric_differences(case_name: str, name: str) -> None:
    loss, own = CLASS_LOSSES[name]
    logits, labels, options = tensors(next(case for case in CLASS_CASES if case.name == case_name))
    function = partial(getattr(seqwise.losses.torch, loss), labels=labels, **own, **options)
    assert torch.autograd.gradgradcheck(function, logits, fast_mode=True)


def test_second_derivatives_of_yes_or_no_equal_numeric_differences() -> None:
    logits, labels, options = tensors(next(case for case in BINARY_CASES if case.name == "every option"))
    assert torch.autograd.gradgradcheck(lambda z: binary_cross_entropy(z, labels, **options), logits, fast_mode=True)


@pytest.mark.parametrize("gap", [20.0, 60.0, 800.0])
@pytest.mark.parametrize("gamma", [0.01, 0.5, 2.0])
def test_the_gradient_of_focal_loss_stays_finite_for_certain_labels(
    gamma: float, gap: float, differentiable: Backend
) -> None:
    """1 - p is exp(-gap), and (1 - p)^(gamma - 1) is infinite for a p that was rounded to 1."""
    row = [0.0, -gap, -gap - 1]
    found = differentiable.gradient("focal_loss", [row], [0], gamma=gamma)
    assert found[0] == pytest.approx(oracle.class_gradient([row], [0], loss="focal_loss", gamma=gamma)[(0,)], abs=1e-15)


@pytest.mark.parametrize("gamma", [0.01, 0.5, 2.0])
def test_the_gradient_of_focal_loss_by_a_probability_of_1_is_finite(gamma: float, differentiable: Backend) -> None:
    found = differentiable.gradient("focal_loss", [[1.0, 0.0]], [0], gamma=gamma, from_logits=False)
    assert found[0] == pytest.approx([-((2.0**-126) ** gamma), 0.0])


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
