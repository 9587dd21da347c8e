"""Sums of rows of a table, with a gradient of the rows that were used and no others.

A batch uses some hundred of the many thousand vectors of a vocabulary. The gradient of `torch.nn.Embedding` has a row
for each of them all, mostly zeros, which then are filled, measured and stepped over; here it is sparse, with each row
once (coalesced), as optimisers such as `torch.optim.SparseAdam` take it.
"""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqwise._native import function
from seqwise.nn._axes import Float, Integer

__all__ = ["summed_rows"]


def summed_rows(
    table: Float[Tensor, "rows size"], ids: Integer[Tensor, "count parts"], padding_id: int
) -> Float[Tensor, "count size"]:
    """The sum of the rows with these ids, whose gradient is sparse.

    Args:
        table: (rows, size); its row `padding_id` is zeros, and gets no gradient.
        ids: (count, parts) int64, 0 <= id < rows.
        padding_id: the row that stands for nothing.

    Example:
        >>> table = torch.tensor([[0.0], [1.0], [2.0]], requires_grad=True)
        >>> sums = summed_rows(table, torch.tensor([[1, 2], [2, 0]]), padding_id=0)
        >>> sums.tolist()
        [[3.0], [2.0]]
        >>> sums.sum().backward()
        >>> table.grad._indices().tolist(), table.grad._values().tolist()
        ([[1, 2]], [[1.0], [2.0]])
    """
    sums: Tensor = _SummedRows.apply(table, ids, padding_id)  # type: ignore[no-untyped-call]
    return sums


class _SummedRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor, padding_id: int) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.shape, ctx.padding_id = table.shape, padding_id
        if ids.shape[1] == 1:
            return table.index_select(0, ids[:, 0])
        return torch.nn.functional.embedding_bag(ids, table, mode="sum")

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (ids,) = ctx.saved_tensors
        rows, sums = _row_gradient(ids, gradient.contiguous(), ctx.shape[0], ctx.padding_id)
        sparse = torch.sparse_coo_tensor(rows[None], sums, ctx.shape, is_coalesced=True, check_invariants=False)
        return sparse, None, None


def _row_gradient(ids: Tensor, gradient: Tensor, table: int, padding_id: int) -> tuple[Tensor, Tensor]:
    """The rows that were used, ascending, and the sum of what goes to each."""
    distinct = function(
        "seqwise_distinct_rows",
        *(ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_int64),
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    )
    add = function(
        "seqwise_add_to_rows_f32", *(ctypes.c_void_p,) * 3, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_ssize_t
    )
    if distinct is None or add is None or gradient.dtype != torch.float32 or gradient.device.type != "cpu":
        return _plain_row_gradient(ids, gradient, padding_id)
    ids, found = ids.contiguous(), ctypes.c_int64()
    rows, places = ids.new_empty(min(ids.numel(), table)), torch.empty_like(ids, dtype=torch.int32)
    addresses = (rows.data_ptr(), places.data_ptr(), ctypes.addressof(found))
    distinct(ids.data_ptr(), ids.numel(), table, padding_id, *addresses)
    if found.value < 0:
        raise MemoryError
    rows = rows[: found.value]
    sums = gradient.new_zeros(len(rows), gradient.shape[1])
    add(sums.data_ptr(), gradient.data_ptr(), places.data_ptr(), *ids.shape, gradient.shape[1])
    return rows, sums


def _plain_row_gradient(ids: Tensor, gradient: Tensor, padding_id: int) -> tuple[Tensor, Tensor]:
    """The same in tensor operations."""
    counted = ids != padding_id
    rows, places = torch.unique(ids[counted], return_inverse=True)
    sums = gradient.new_zeros(len(rows), gradient.shape[1])
    return rows, sums.index_add_(0, places, gradient[counted.nonzero()[:, 0]])
