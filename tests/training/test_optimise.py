"""Adam on the rows that a batch used, and the norm of gradients of which some are sparse."""

from __future__ import annotations

import pytest
import torch

from seqwise import _native
from seqwise.training.optimise import RowAdamW, clipped_norm

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


def test_dense_parameters_are_stepped_as_torchs_adamw_steps_them():
    matrices = [torch.nn.Parameter(torch.arange(6.0).reshape(2, 3)) for _ in range(2)]
    table = torch.nn.Parameter(torch.ones(6, 2))
    ours = RowAdamW([{"params": [matrices[0], table]}], lr=0.1, weight_decay=0.1)
    theirs = torch.optim.AdamW([matrices[1]], lr=0.1, weight_decay=0.1)
    for rows, values in STEPS:
        table.grad = sparse(rows, values)
        for matrix in matrices:
            matrix.grad = torch.full_like(matrix, float(rows[0]))
        ours.step()
        theirs.step()
    assert torch.equal(*matrices)
    assert table.grad.is_sparse


@pytest.mark.parametrize("largest", [1.0, 100.0])
def test_the_norm_is_that_of_dense_gradients_and_what_is_larger_is_scaled_down(largest):
    table, matrix = torch.nn.Parameter(torch.ones(6, 2)), torch.nn.Parameter(torch.ones(2, 3))
    dense = [torch.nn.Parameter(torch.ones(6, 2)), torch.nn.Parameter(torch.ones(2, 3))]
    table.grad = sparse([1, 4], [[1.0, -2.0], [0.5, 3.0]]).coalesce()
    matrix.grad = torch.arange(6.0).reshape(2, 3)
    dense[0].grad, dense[1].grad = table.grad.to_dense(), matrix.grad.clone()
    expected = torch.nn.utils.clip_grad_norm_(dense, largest)
    assert clipped_norm([table, matrix], largest) == pytest.approx(float(expected), rel=1e-6)
    torch.testing.assert_close(table.grad.to_dense(), dense[0].grad)
    torch.testing.assert_close(matrix.grad, dense[1].grad)


def test_rows_that_stand_twice_in_a_gradient_count_as_their_sum():
    table = torch.nn.Parameter(torch.ones(6, 2))
    table.grad = sparse([1, 1], [[1.0, 0.0], [2.0, 0.0]])
    assert clipped_norm([table], 100.0) == pytest.approx(3.0)
