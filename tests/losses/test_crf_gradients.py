"""Gradients of the CRF: what is expected on a path less what the tags have, in autograd, by hand and in differences."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np
import pytest
import torch
from crf_cases import CASES, LEARNED, REDUCTIONS, Case, arrays, expected_less_counted, gradients, nll
from loss_cases import JAX, NUMPY, TORCH, Backend, numbers

from seqwise.losses.numpy import allowed_transitions
from seqwise.losses.torch import crf_marginals, crf_nll

NAN, INF = math.nan, math.inf

POSSIBLE = [case for case in CASES if math.isfinite(sum(case.losses))]
ONE_SIZE = [case for case in POSSIBLE if np.shape(case.emissions) == (3, 4, 3)]  # JAX compiles for each size


def check_gradients(backend: Backend, case: Case) -> None:
    found, wanted = gradients(backend, case, reduction="sum"), expected_less_counted(case)
    for name in LEARNED:
        np.testing.assert_allclose(found[name], wanted[name], atol=1e-10, err_msg=name)


@pytest.mark.parametrize("case", ONE_SIZE, ids=lambda case: case.name)
def test_the_gradient_is_what_is_expected_less_what_the_tags_have(case: Case, differentiable: Backend) -> None:
    check_gradients(differentiable, case)


@pytest.mark.usefixtures("compiled_or_plain")
@pytest.mark.parametrize("case", [case for case in POSSIBLE if case not in ONE_SIZE], ids=lambda case: case.name)
def test_the_gradient_of_other_sizes_is_what_is_expected_less_what_the_tags_have(case: Case) -> None:
    check_gradients(TORCH, case)


@pytest.mark.usefixtures("compiled_or_plain")
@pytest.mark.parametrize("name", LEARNED)
@pytest.mark.parametrize("reduction", [reduction for reduction in REDUCTIONS if reduction != "none"])
def test_the_gradient_is_a_quotient_of_differences(reduction: str, name: str) -> None:
    case = next(case for case in CASES if case.name == "mask and lengths")
    whole = {"emissions": case.emissions, "transitions": case.transitions, **case.options}
    point = np.array(whole[name])
    wanted = np.zeros(point.shape)
    for place in np.ndindex(point.shape):
        sides = []
        for change in (1e-5, -1e-5):
            point[place] += change
            moved = whole | {name: point.tolist()}
            point[place] -= change
            emissions, transitions = moved.pop("emissions"), moved.pop("transitions")
            sides.append(nll(NUMPY, Case("", emissions, case.tags, transitions, moved), reduction=reduction))
        wanted[place] = (sides[0] - sides[1]) / 2e-5
    np.testing.assert_allclose(gradients(TORCH, case, reduction=reduction)[name], wanted, atol=1e-8)


@pytest.mark.parametrize("poison", [NAN, INF, -INF])
@pytest.mark.parametrize("name", ["mask with holes", "lengths", "nothing counts", "IOB with holes"])
def test_the_gradient_is_exactly_0_where_nothing_counts(name: str, poison: float, differentiable: Backend) -> None:
    case = next(case for case in CASES if case.name == name)
    emissions = np.full(np.shape(case.emissions), poison)
    counts = np.zeros(emissions.shape[:2], dtype=bool)
    for row, (_, steps) in enumerate(case.chains):
        emissions[row, steps] = np.array(case.emissions)[row, steps]
        counts[row, steps] = True
    spoilt = Case(case.name, emissions.tolist(), case.tags, case.transitions, case.options)
    found, wanted = gradients(differentiable, spoilt), gradients(differentiable, case)
    assert (found["emissions"][~counts] == 0).all()
    for part in LEARNED:
        np.testing.assert_array_equal(found[part], wanted[part])
    assert nll(differentiable, spoilt) == nll(differentiable, case)


def test_what_is_not_allowed_has_a_gradient_of_exactly_0(differentiable: Backend) -> None:
    case = next(case for case in CASES if case.name == "IOB")
    found = gradients(differentiable, case)
    for name, allowed in zip(("transitions", "start", "end"), case.options["allowed"], strict=True):
        assert (found[name][~np.array(allowed)] == 0).all()
        assert (found[name][np.array(allowed)] != 0).all()


# Tags that are not allowed, of no class, below the classes, and one row that can be.
UNSEEN = [[0, 2], [0, 3], [-1, 0], [1, 2]]
IOB = tuple(part.tolist() for part in allowed_transitions(["O", "B-x", "I-x"]))


def check_unseen(losses: Any, slope: Any) -> None:
    assert [math.isinf(loss) for loss in losses.tolist()] == [True, True, True, False]
    assert [bool(np.any(row)) for row in slope.tolist()] == [False, False, False, True]


def test_tags_that_cannot_be_cost_infinity_without_a_gradient_under_jit() -> None:
    given = arrays(JAX, {"tags": UNSEEN, "transitions": numbers((3, 3), 2), "allowed": IOB})
    emissions = JAX.array(numbers((4, 2, 3), 1), "float")

    @jax.jit
    def both(emissions: Any) -> tuple[Any, Any]:
        losses, back = jax.vjp(lambda e: JAX.losses.crf_nll(e, **given, reduction="none"), emissions)
        return losses, back(np.ones(4))[0]

    check_unseen(*both(emissions))


def test_tags_that_cannot_be_cost_infinity_without_a_gradient_under_vmap() -> None:
    given = arrays(TORCH, {"tags": UNSEEN, "transitions": numbers((3, 3), 2), "allowed": IOB})
    tags = given.pop("tags")

    def losses(emissions: torch.Tensor) -> torch.Tensor:
        def loss(one: torch.Tensor, its_tags: torch.Tensor) -> torch.Tensor:
            return crf_nll(one.unsqueeze(0), its_tags.unsqueeze(0), **given)

        return torch.func.vmap(loss)(emissions, tags)

    emissions = TORCH.array(numbers((4, 2, 3), 1), "float")
    check_unseen(losses(emissions), torch.func.grad(lambda e: losses(e).sum())(emissions))


def _leaf(nested: Any) -> torch.Tensor:
    return torch.tensor(nested, dtype=torch.float64, requires_grad=True)


@pytest.mark.usefixtures("compiled_or_plain")
@pytest.mark.parametrize("name", ["mask with holes", "IOB", "one step"])
def test_the_loss_differentiates_twice(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    options = {key: value for key, value in case.options.items() if key not in ("start", "end")}
    given = arrays(TORCH, {**options, "tags": case.tags})
    tags = given.pop("tags")
    start, end = _leaf(numbers((3,), 1)), _leaf(numbers((3,), 2))

    def loss(emissions: Any, transitions: Any, start: Any, end: Any) -> torch.Tensor:
        return crf_nll(emissions, tags, transitions, start=start, end=end, **given)

    points = (_leaf(case.emissions), _leaf(case.transitions), start, end)
    assert torch.autograd.gradcheck(loss, points)
    assert torch.autograd.gradgradcheck(loss, points)


@pytest.mark.usefixtures("compiled_or_plain")
def test_the_second_derivative_is_that_of_the_marginals() -> None:
    case = next(case for case in CASES if case.name == "mask with holes")
    transitions, mask = torch.tensor(case.transitions), torch.tensor(case.options["mask"])
    tags, emissions = torch.tensor(case.tags), torch.tensor(case.emissions)

    def loss(emissions: torch.Tensor) -> torch.Tensor:
        return crf_nll(emissions, tags, transitions, mask=mask, reduction="sum")

    def probabilities(emissions: torch.Tensor) -> torch.Tensor:
        return crf_marginals(emissions, transitions, mask=mask)

    hessian = torch.autograd.functional.hessian(loss, emissions)
    jacobian = torch.autograd.functional.jacobian(probabilities, emissions)
    torch.testing.assert_close(hessian, jacobian)
    assert hessian.count_nonzero() > 0


@pytest.mark.usefixtures("compiled_or_plain")
@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("constrained", [False, True])
def test_long_sequences_of_large_scores_have_finite_gradients(scale: float, constrained: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    emissions = (torch.rand(1, 2000, 3, generator=generator) * 2 - 1) * scale
    transitions = (torch.rand(3, 3, generator=generator) * 2 - 1) * scale
    tags = torch.tensor([0, 1, 2, 2] * 500).unsqueeze(0)
    allowed = allowed_transitions(["O", "B-x", "I-x"]) if constrained else None
    loss = crf_nll(emissions.requires_grad_(), tags, transitions.requires_grad_(), allowed=allowed)
    loss.backward()
    assert loss.isfinite()
    for learned in (emissions, transitions):
        assert learned.grad is not None
        assert learned.grad.isfinite().all()
        assert learned.grad.count_nonzero() > 0
