"""What does not count is selected away: nothing that stands there reaches a loss or a gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from loss_cases import (
    CLASS_LOSSES,
    REDUCTIONS,
    TORCH,
    TORCH_PLAIN,
    Backend,
    coins,
    integers,
    mapped,
    numbers,
    one_hot,
    probabilities,
)

import oracle
from seqwise.losses.torch import cross_entropy

NAN, INF = math.nan, math.inf
LOGITS, LABELS = numbers((3, 4, 3), 1), integers((3, 4), 3, 2)
WEIGHTS = numbers((3, 4), 3, 0.1, 2)
MASK = coins((3, 4), 4)
POISONS = [pytest.param(poison, id=str(poison)) for poison in (NAN, INF, -INF)]


def spoiled(nested: Any, mask: Any, poison: Any) -> Any:
    """The nested list with every number replaced where the mask is off."""
    if isinstance(mask, list):
        return [spoiled(inner, row, poison) for inner, row in zip(nested, mask, strict=True)]
    return nested if mask else mapped(lambda _: poison, nested)


@pytest.mark.parametrize("loss", ["cross_entropy", "focal_loss", "ordinal_loss"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("poison", POISONS)
def test_logits_that_do_not_count_may_be_anything(poison: float, reduction: str, loss: str, backend: Backend) -> None:
    options = {"mask": MASK, "reduction": reduction, "label_smoothing": 0.1, "class_weight": [1.0, 0.0, 2.0]}
    found = backend.call(loss, spoiled(LOGITS, MASK, poison), LABELS, **options)
    np.testing.assert_array_equal(found, backend.call(loss, LOGITS, LABELS, **options))


@pytest.mark.parametrize("poison", [-100, 3, 255, -(2**62)])
def test_labels_that_do_not_count_may_be_anything(poison: int, backend: Backend) -> None:
    found = backend.call("cross_entropy", LOGITS, spoiled(LABELS, MASK, poison), mask=MASK)
    assert found == backend.call("cross_entropy", LOGITS, LABELS, mask=MASK)


@pytest.mark.parametrize("poison", [-100, 3])
def test_unknown_label_values_that_do_not_count_may_be_anything(poison: int, backend: Backend) -> None:
    options = {"mask": MASK, "label_values": (2, 0, 1)}
    found = backend.call("cross_entropy", LOGITS, spoiled(LABELS, MASK, poison), **options)
    assert found == backend.call("cross_entropy", LOGITS, LABELS, **options)


@pytest.mark.parametrize("poison", POISONS)
def test_soft_labels_that_do_not_count_may_be_anything(poison: float, backend: Backend) -> None:
    soft = [[[0.5, 0.25, 0.25]] * 4] * 3
    found = backend.call("cross_entropy", LOGITS, spoiled(soft, MASK, poison), mask=MASK)
    assert found == backend.call("cross_entropy", LOGITS, soft, mask=MASK)


@pytest.mark.parametrize("poison", POISONS)
def test_sample_weights_that_do_not_count_may_be_anything(poison: float, backend: Backend) -> None:
    found = backend.call("cross_entropy", LOGITS, LABELS, mask=MASK, sample_weight=spoiled(WEIGHTS, MASK, poison))
    assert found == backend.call("cross_entropy", LOGITS, LABELS, mask=MASK, sample_weight=WEIGHTS)


@pytest.mark.parametrize("poison", POISONS)
def test_yes_or_no_logits_and_labels_that_do_not_count_may_be_anything(poison: float, backend: Backend) -> None:
    logits, labels = numbers((3, 4), 5), numbers((3, 4), 6, 0, 1)
    found = backend.call(
        "binary_cross_entropy", spoiled(logits, MASK, poison), spoiled(labels, MASK, poison), mask=MASK
    )
    assert found == backend.call("binary_cross_entropy", logits, labels, mask=MASK)


@pytest.mark.parametrize("name", CLASS_LOSSES)
@pytest.mark.parametrize("labels", ["index", "one-hot"])
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("poison", POISONS)
def test_the_gradient_is_exactly_0_where_nothing_counts(
    poison: float, from_logits: bool, labels: str, name: str, differentiable: Backend
) -> None:
    loss, own = CLASS_LOSSES[name]
    logits = spoiled(LOGITS if from_logits else probabilities(LOGITS), MASK, poison)
    truth = LABELS if labels == "index" else one_hot(LABELS, 3)
    options = {"mask": MASK, "from_logits": from_logits, "label_smoothing": 0.1, **own}
    gradient, mask = np.array(differentiable.gradient(loss, logits, truth, **options)), np.array(MASK)
    assert (gradient[~mask] == 0).all()
    assert np.isfinite(gradient[mask]).all()
    assert (gradient[mask] != 0).any()


@pytest.mark.parametrize("poison", POISONS)
def test_the_gradient_of_yes_or_no_is_exactly_0_where_nothing_counts(poison: float, differentiable: Backend) -> None:
    logits, labels = spoiled(numbers((3, 4), 7), MASK, poison), integers((3, 4), 2, 8)
    gradient = np.array(differentiable.gradient("binary_cross_entropy", logits, labels, mask=MASK))
    mask = np.array(MASK)
    assert (gradient[~mask] == 0).all()
    assert (gradient[mask] != 0).all()


@pytest.mark.parametrize("reduction", ["sum", "mean", "sequence_mean", "batch_mean"])
@pytest.mark.parametrize("loss", ["cross_entropy", "focal_loss", "ordinal_loss", "binary_cross_entropy"])
def test_nothing_counts_gives_0_with_a_gradient_of_0(loss: Any, reduction: str, differentiable: Backend) -> None:
    logits, labels = np.full((2, 3, 4), NAN).tolist(), np.full((2, 3, 4), 99).tolist()
    labels = labels if loss == "binary_cross_entropy" else [[99] * 3] * 2
    options = {"lengths": [0, 0], "reduction": reduction}
    assert differentiable.call(loss, logits, labels, **options) == 0
    assert not np.array(differentiable.gradient(loss, logits, labels, **options)).any()


@pytest.mark.parametrize("sizes", [(0, 3, 4), (2, 0, 4)])
@pytest.mark.parametrize("reduction", ["sum", "mean", "sequence_mean", "batch_mean"])
def test_an_empty_batch_costs_0(sizes: tuple[int, ...], reduction: str, backend: Backend) -> None:
    logits = np.zeros(sizes)
    is_torch = backend in (TORCH, TORCH_PLAIN)
    given = torch.tensor(logits) if is_torch else logits
    labels = torch.zeros(sizes[:-1], dtype=torch.long) if is_torch else logits[..., 0].astype(int)
    assert backend.losses.cross_entropy(given, labels, reduction=reduction) == 0


@pytest.mark.parametrize("weight", ["class_weight", "sample_weight"])
def test_weights_of_0_alone_give_0(weight: str, backend: Backend) -> None:
    weights = {"class_weight": [0.0] * 3, "sample_weight": [0.0] * 3}[weight]
    assert backend.call("cross_entropy", LOGITS, LABELS, **{weight: weights}) == 0


@pytest.mark.parametrize("name", CLASS_LOSSES)
@pytest.mark.parametrize("row", [[-INF, 0.5, 1.0], [0.5, -INF, 1.0], [0.5, 1.0, -INF], [-INF, 0.5, -INF]], ids=str)
@pytest.mark.parametrize("labels", ["index", "one-hot"])
def test_an_impossible_class_leaves_the_other_gradients_finite(
    name: str, row: list[float], labels: str, differentiable: Backend
) -> None:
    loss, own = CLASS_LOSSES[name]
    label = row.index(0.5)
    truth = [label] if labels == "index" else one_hot([label], 3)
    found = differentiable.gradient(loss, [row], truth, **own)
    assert found[0] == pytest.approx(oracle.class_gradient([row], [label], loss=loss, **own)[(0,)], rel=1e-12)


@pytest.mark.parametrize("spoiled_one", ["labels", "sample_weight"])
def test_the_gradient_of_class_weights_is_free_of_what_does_not_count(spoiled_one: str) -> None:
    mask = torch.tensor(MASK)
    arrays = {"labels": torch.full((3, 4, 3), 1 / 3), "sample_weight": torch.tensor(WEIGHTS)}
    clean, spoilt = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    cross_entropy(torch.tensor(LOGITS), **arrays, mask=mask, class_weight=clean).backward()
    arrays[spoiled_one][~mask] = NAN
    cross_entropy(torch.tensor(LOGITS), **arrays, mask=mask, class_weight=spoilt).backward()
    torch.testing.assert_close(spoilt.grad, clean.grad, rtol=0, atol=0)
