"""Where numbers stand in memory changes no loss and no gradient: every layout gives what a contiguous copy gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from memory_layouts import MemoryLayout, memory_filled, memory_layouts
from seqwise.losses.torch import cross_entropy


@pytest.fixture(autouse=True)
def _memory_is_filled() -> Iterator[None]:
    with memory_filled():
        yield


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


def indices(below: int, *sizes: int, seed: int = 1) -> Tensor:
    return torch.randint(below, sizes, generator=torch.Generator().manual_seed(seed))


def value_and_gradient(logits: Tensor, labels: Tensor, **options: Any) -> tuple[Tensor, Tensor]:
    at = logits.detach().requires_grad_()
    found = cross_entropy(at, labels, **options)
    upstream = torch.linspace(0.5, 1.5, found.numel()).view(found.shape)
    return found.detach(), torch.autograd.grad(found, at, upstream)[0]


def same(layout: MemoryLayout, placed: Tensor, labels: Tensor, **options: Any) -> None:
    """That a loss and its gradient are those of a contiguous copy."""
    copy = placed.clone(memory_format=torch.contiguous_format)
    found, wanted = (value_and_gradient(logits, labels, **options) for logits in (placed, copy))
    tolerance = {"rtol": 2**-7, "atol": 1e-5} if placed.dtype == torch.bfloat16 else {"rtol": 1e-5, "atol": 1e-6}
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, **tolerance, msg=lambda text: f"{layout}, {options}: {text}")


def spread_labels(logits: Tensor, axis: int) -> Tensor:
    shape = list(logits.shape)
    classes = shape.pop(axis)
    return indices(classes, *shape)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5), (1, 4, 3), (3, 1, 18), (2, 9, 17)])
def test_logits_of_every_layout_have_the_loss_and_gradient_of_a_copy(
    shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    for layout in memory_layouts(len(shape)):
        placed = layout.of(random(*shape).to(dtype))
        for axis in {-1, 1 - len(shape)}:
            labels = spread_labels(placed, axis)
            for reduction in ("none", "mean"):
                same(layout, placed, labels, class_axis=axis, reduction=reduction)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_logits_of_outputs_in_every_layout_have_the_loss_and_gradient_of_a_copy(dtype: torch.dtype) -> None:
    for layout in memory_layouts(4, ("all", "earlier")):
        placed = layout.of(random(3, 4, 2, 5).to(dtype))
        labels = spread_labels(placed, -1)
        for reduction in ("none", "mean"):
            same(layout, placed, labels, reduction=reduction)
