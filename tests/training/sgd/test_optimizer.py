"""Adam on the rows that a batch used, and the norm of gradients of which some are sparse."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from seqwise import _native
from seqwise.training.sgd.optimizer import RowAdamW, clipped_norm

compiled = pytest.mark.parametrize("is_compiled", [True, False])


def sparse(rows, values, size=(6, 2)):
    return torch.sparse_coo_tensor(torch.tensor([rows]), torch.tensor(values), size, check_invariants=True)


STEPS = [([1, 4], [[1.0, -2.0], [0.5, 3.0]]), ([4], [[0.1, 0.0]]), ([0, 1], [[2.0, 2.0], [1.0, -1.0]])]


@compiled
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_are_stepped_as_torchs_sparse_adam_steps_them(is_compiled, dtype, monkeypatch):
    if not is_compiled:
        monkeypatch.setattr(_native, "library", lambda: None)
    start = torch.randn(6, 2, generator=torch.Generator().manual_seed(0), dtype=dtype)
    tables = [torch.nn.Parameter(start.clone()) for _ in range(2)]
    ours = RowAdamW([tables[0]], lr=0.1, weight_decay=0.0)
    theirs = torch.optim.SparseAdam([tables[1]], lr=0.1)
    for rows, values in STEPS:
        for table, optimizer in zip(tables, (ours, theirs), strict=True):
            table.grad = sparse(rows, values).to(dtype)
            optimizer.step()
    torch.testing.assert_close(tables[0].detach(), tables[1].detach())


def test_a_row_that_no_batch_used_is_as_it_was():
    table = torch.nn.Parameter(torch.ones(6, 2))
    optimizer = RowAdamW([table], lr=0.1)
    for rows, values in STEPS:
        table.grad = sparse(rows, values)
        optimizer.step()
    assert table[[2, 3, 5]].tolist() == [[1.0, 1.0]] * 3


@compiled
def test_dense_parameters_are_stepped_as_torchs_adamw_steps_them(is_compiled, monkeypatch):
    if not is_compiled:
        monkeypatch.setattr(_native, "library", lambda: None)
    random = torch.Generator().manual_seed(0)
    sizes = [(2, 3), (0, 4), (300, 100), (5,)]  # one in several pieces, and one that is empty
    ours, theirs = ([torch.nn.Parameter(torch.ones(size)) for size in sizes] for _ in range(2))
    table = torch.nn.Parameter(torch.ones(6, 2))
    optimizers = [
        kind([{"params": first, "weight_decay": 0.1}, {"params": second}], lr=0.1, weight_decay=0.0)
        for kind, first, second in (
            (RowAdamW, [*ours[:2], table], ours[2:]),
            (torch.optim.AdamW, theirs[:2], theirs[2:]),
        )
    ]
    for rows, values in STEPS:
        table.grad = sparse(rows, values)
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn(mine.shape, generator=random)
            other.grad = mine.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other)
    assert table.grad.is_sparse


def test_a_training_goes_on_from_what_torchs_optimiser_kept():
    theirs = [torch.nn.Parameter(torch.ones(3, 2))]
    before = torch.optim.AdamW(theirs, lr=0.1, fused=True)
    theirs[0].grad = torch.arange(6.0).reshape(3, 2)
    before.step()
    ours = [torch.nn.Parameter(theirs[0].detach().clone())]
    after = RowAdamW(ours, lr=0.1, fused=True)
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    ours[0].grad = theirs[0].grad
    for optimizer in (before, after):
        optimizer.step()
    torch.testing.assert_close(ours[0], theirs[0])
    assert float(after.state[ours[0]]["step"]) == 2


def test_numbers_of_several_types_are_stepped_side_by_side():
    parameters = [torch.nn.Parameter(torch.ones(3, dtype=dtype)) for dtype in (torch.float64, torch.float32)]
    table = torch.nn.Parameter(torch.ones(6, 2))
    optimizer = RowAdamW([*parameters, table], lr=0.1)
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    table.grad = sparse([1, 4], [[1.0, -2.0], [0.5, 3.0]])
    optimizer.step()
    assert parameters[0].tolist() == pytest.approx(parameters[1].tolist(), rel=1e-6)
    assert all(parameter.grad is not None for parameter in (*parameters, table))
    assert table.detach()[[1, 4]].sub(1).sign().tolist() == [[-1, 1], [-1, -1]]


@compiled
@pytest.mark.parametrize("largest", [1.0, 1000.0])
def test_the_norm_is_that_of_dense_gradients_and_what_is_larger_is_scaled_down(is_compiled, largest, monkeypatch):
    if not is_compiled:
        monkeypatch.setattr(_native, "library", lambda: None)
    table, matrix = torch.nn.Parameter(torch.ones(6, 2)), torch.nn.Parameter(torch.ones(150, 103))
    dense = [torch.nn.Parameter(torch.ones(6, 2)), torch.nn.Parameter(torch.ones(150, 103))]
    table.grad = sparse([1, 4], [[1.0, -2.0], [0.5, 3.0]]).coalesce()
    matrix.grad = torch.randn(150, 103, generator=torch.Generator().manual_seed(0))
    dense[0].grad, dense[1].grad = table.grad.to_dense(), matrix.grad.clone()
    expected = torch.nn.utils.clip_grad_norm_(dense, largest)
    assert clipped_norm([table, matrix], largest) == pytest.approx(float(expected), rel=1e-6)
    torch.testing.assert_close(table.grad.to_dense(), dense[0].grad)
    torch.testing.assert_close(matrix.grad, dense[1].grad)


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_a_norm_says_what_is_not_finite(wrong):
    parameter = torch.nn.Parameter(torch.ones(100))
    parameter.grad = torch.zeros(100)
    parameter.grad[70] = wrong
    assert not math.isfinite(clipped_norm([parameter], 1.0))


def test_rows_that_stand_twice_in_a_gradient_count_as_their_sum():
    table = torch.nn.Parameter(torch.ones(6, 2))
    table.grad = sparse([1, 1], [[1.0, 0.0], [2.0, 0.0]])
    assert clipped_norm([table], 100.0) == pytest.approx(3.0)
