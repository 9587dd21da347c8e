"""The optimiser steps what it is given wherever that stands in memory, and never writes beyond it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from levels import MOST_LEVELS, on_level
from memory_layouts import CUTS, MemoryLayout, memory_layouts
from seqwise.errors import ShapeError
from seqwise.training.optimise import RowAdamW, clipped_norm

SHAPES = [(3,), (3, 4), (2, 3, 4), (1, 4), (2, 1, 3), (0, 3)]


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=MOST_LEVELS, ids=str)
def _level(request: pytest.FixtureRequest) -> Iterator[None]:
    with on_level(request.param):
        yield


def stepped(kind: type[torch.optim.AdamW], values: Tensor, gradients: list[Tensor], **options: bool) -> Tensor:
    parameter = nn.Parameter(values.detach())
    optimizer = kind([parameter], lr=0.1, weight_decay=0.1, **options)
    for gradient in gradients:
        parameter.grad = gradient
        optimizer.step()
    return parameter.detach()


def owned(layout: MemoryLayout, values: Tensor) -> Tensor:
    """Numbers in a layout, of which none is of two places, so that they can be written to."""
    return layout._replace(repeated=()).of(values)


@pytest.mark.usefixtures("_level")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_parameters_and_gradients_of_every_layout_are_stepped_as_torch_steps_copies(shape: tuple[int, ...]) -> None:
    values, slopes = random(*shape), [random(*shape, seed=seed) for seed in (1, 2)]
    for layout in memory_layouts(len(shape), CUTS if len(shape) < 3 else ("all", "every other")):
        placed = [layout.of(slope) for slope in slopes]
        wanted = stepped(torch.optim.AdamW, values.clone(), [g.contiguous() for g in placed], foreach=False)
        for parameter in (values.clone(), owned(layout, values)):
            found = stepped(RowAdamW, parameter, placed, fused=True)
            torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6, msg=str(layout))


@pytest.mark.parametrize("name", ["exp_avg", "exp_avg_sq"])
def test_a_state_in_another_layout_is_stepped_as_torch_does(name: str) -> None:
    for layout in memory_layouts(2):
        found = []
        for is_placed in (True, False):
            parameter = nn.Parameter(random(3, 4))
            optimizer = RowAdamW([parameter], lr=0.1, fused=True)
            for seed in (1, 2):
                parameter.grad = random(3, 4, seed=seed)
                optimizer.step()
                state = optimizer.state[parameter]
                state[name] = owned(layout, state[name]) if is_placed else state[name]
            found.append(parameter.detach())
        torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6, msg=str(layout))


@pytest.mark.parametrize("shape", [(2, 4), (12,), (4, 3), (), (3, 4, 1)], ids=str)
@pytest.mark.parametrize("name", ["exp_avg", "exp_avg_sq"])
@pytest.mark.parametrize("gradient", ["dense", "sparse", "transposed"])
def test_a_state_of_another_shape_is_an_error_before_anything_is_written(
    gradient: str, name: str, shape: tuple[int, ...]
) -> None:
    parameter = nn.Parameter(random(3, 4))
    optimizer = RowAdamW([parameter], lr=0.1, fused=True)
    parameter.grad = random(3, 4)
    optimizer.step()
    optimizer.state[parameter][name] = torch.zeros(shape)
    before = parameter.detach().clone()
    parameter.grad = {
        "dense": random(3, 4),
        "sparse": torch.sparse_coo_tensor(torch.tensor([[0, 2]]), random(2, 4), (3, 4), check_invariants=True),
        "transposed": random(4, 3).t(),
    }[gradient]
    with pytest.raises(ShapeError, match=rf"the optimizer's {name} is .* for a parameter \(3, 4\)"):
        optimizer.step()
    assert torch.equal(parameter, before)


def test_a_state_of_another_type_is_left_to_torch() -> None:
    parameter = nn.Parameter(random(3, 4))
    optimizer = RowAdamW([parameter], lr=0.1, fused=True)
    parameter.grad = random(3, 4)
    optimizer.step()
    for name in ("exp_avg", "exp_avg_sq"):
        optimizer.state[parameter][name] = optimizer.state[parameter][name].double()
    before = parameter.detach().clone()
    with pytest.raises(RuntimeError, match="dtype|type"):
        optimizer.step()
    assert torch.equal(parameter, before)


@pytest.mark.parametrize("row", [-1, 3, 1 << 40])
def test_a_sparse_gradient_with_a_row_that_is_not_there_is_an_error(row: int) -> None:
    parameter = nn.Parameter(random(3, 4))
    optimizer = RowAdamW([parameter], lr=0.1)
    parameter.grad = torch.sparse_coo_tensor(
        torch.tensor([[row]]), random(1, 4), (3, 4), is_coalesced=True, check_invariants=False
    )
    with pytest.raises(IndexError, match=f"rows {row} to {row} of a table with 3 rows"):
        optimizer.step()


def test_sparse_gradients_of_single_numbers_and_of_several_axes() -> None:
    for dense in (random(3, 4), random(3, 4, 2)):
        for axes in range(1, dense.dim() + 1):
            gradients = [dense.to_sparse(axes) if axes < dense.dim() else dense.to_sparse()] * 2
            found = stepped(RowAdamW, torch.zeros_like(dense), gradients)
            assert torch.isfinite(found).all()
            assert torch.equal(found.sign(), -dense.sign())


@pytest.mark.usefixtures("_level")
def test_the_norm_of_gradients_of_every_layout() -> None:
    for layout in memory_layouts(3, ("all", "every other")):
        parameters = [nn.Parameter(torch.zeros(2, 3, 4)), nn.Parameter(torch.zeros(5))]
        parameters[0].grad, parameters[1].grad = owned(layout, random(2, 3, 4)), random(5)
        wanted = float(torch.cat([p.grad.flatten() for p in parameters]).norm())
        assert clipped_norm(parameters, wanted / 2) == pytest.approx(wanted, rel=1e-5)
        assert clipped_norm(parameters, wanted) == pytest.approx(wanted / 2, rel=1e-4)
