"""Sums of rows of an embedding table, with a sparse gradient.

A batch uses some hundred of the many thousand vectors of a vocabulary. The dense gradient of `torch.nn.Embedding` has a
row for every vector, mostly zeros, all of which the optimizer processes. Here the gradient is sparse and coalesced, as
optimizers such as `torch.optim.SparseAdam` take it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqwise._addresses import address, strided_address
from seqwise._native import function
from seqwise._readable import are_plain_cpu_tensors
from seqwise.nn._axes import Bool, Float, Integer

__all__ = ["summed_rows"]

_OUTSIDE = "an id is outside the table, which has {} rows"


def summed_rows(
    table: Float[Tensor, "rows size"],
    ids: Integer[Tensor, "count parts"],
    padding_id: int,
    *,
    counted: Bool[Tensor, " count"] | None = None,
    scale: Float[Tensor, "groups size"] | None = None,
) -> Float[Tensor, "count size"]:
    """Return the sum of the rows with these ids; its gradient by the table is sparse, and there is none by the scale.

    Args:
        table: (rows, size); its row `padding_id` gets no gradient.
        ids: (count, parts) int64, 0 <= id < rows where they count.
        padding_id: the row for padding.
        counted: (count,) which sums count; the others are zeros. None for all.
        scale: (groups, size) factors of the sums of each group; groups have equal size and are consecutive.
            None for 1.

    Raises:
        IndexError: an id that counts is no row of the table.

    Examples:
        >>> table = torch.tensor([[0.0], [1.0], [2.0]], requires_grad=True)
        >>> sums = summed_rows(table, torch.tensor([[1, 2], [2, 0]]), padding_id=0)
        >>> sums.tolist()
        [[3.0], [2.0]]
        >>> sums.sum().backward()
        >>> table.grad._indices().tolist(), table.grad._values().tolist()
        ([[1, 2]], [[1.0], [2.0]])
    """
    sums: Tensor = _SummedRows.apply(table, ids, padding_id, counted, scale)  # type: ignore[no-untyped-call]
    return sums


class _Sums(ctypes.Structure):
    """`struct sums` of rows.c."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("table", "scale", "ids", "counted", "vectors")),
        *((name, ctypes.c_int64) for name in ("rows", "size", "count", "parts", "stride", "group", "wrong")),
        *((name, ctypes.c_void_p) for name in ("places", "gradient")),
    ]


class _SummedRows(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, table: Tensor, ids: Tensor, padding_id: int, counted: Tensor | None, scale: Tensor | None
    ) -> Tensor:
        counted = None if counted is None else counted.contiguous()
        scale = None if scale is None else scale.contiguous()
        ids = ids if ids.stride(1) == 1 or ids.shape[1] == 1 else ids.contiguous()
        ctx.save_for_backward(ids, counted, scale)
        ctx.shape, ctx.padding_id = table.shape, padding_id
        add = function("seqwise_sum_rows_f32", ctypes.c_void_p)
        table = table.contiguous()
        if add is None or not _are_for_c(table, ids, counted, scale):
            return _plain_sums(table, ids, padding_id, counted, scale)
        vectors = table.new_empty(len(ids), table.shape[1])
        sums = _sums(table.shape, ids, counted, scale, vectors)
        sums.table = address(table, torch.float32)
        add(ctypes.addressof(sums))
        if sums.wrong:
            raise IndexError(_OUTSIDE.format(len(table)))
        return vectors

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        ids, counted, scale = ctx.saved_tensors
        rows, sums = _row_gradient(ctx.shape, ids, ctx.padding_id, counted, scale, gradient.resolve_neg().contiguous())
        sparse = torch.sparse_coo_tensor(rows[None], sums, ctx.shape, is_coalesced=True, check_invariants=False)
        return sparse, None, None, None, None


def _are_for_c(vectors: Tensor, ids: Tensor, counted: Tensor | None, scale: Tensor | None) -> bool:
    numbers = [vectors] if scale is None else [vectors, scale]
    others = [ids] if counted is None else [ids, counted]
    return (
        ids.dtype == torch.int64
        and (counted is None or counted.dtype == torch.bool)
        and all(array.dtype == torch.float32 for array in numbers)
        and are_plain_cpu_tensors([*numbers, *others])
    )


def _sums(shape: Sequence[int], ids: Tensor, counted: Tensor | None, scale: Tensor | None, vectors: Tensor) -> _Sums:
    """Build the argument struct of forward and backward; `_are_for_c` has accepted all tensors."""
    sums = _Sums(rows=shape[0], size=shape[1], count=ids.shape[0], parts=ids.shape[1], stride=ids.stride(0))
    count, size = len(ids), shape[1]
    sums.ids = strided_address(ids, torch.int64, is_ordinary=True)
    sums.vectors = address(vectors, torch.float32, (count, size), is_ordinary=True)
    sums.counted, sums.group = address(counted, torch.bool, (count,), is_ordinary=True), 1
    if scale is not None and len(scale):
        sums.scale = address(scale, torch.float32, (len(scale), size), is_ordinary=True)
        sums.group = -(-count // len(scale))
    return sums


def _row_gradient(
    shape: Sequence[int],
    ids: Tensor,
    padding_id: int,
    counted: Tensor | None,
    scale: Tensor | None,
    gradient: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the rows that were used, ascending, and the summed gradient of each."""
    distinct = function("seqwise_distinct_rows", ctypes.c_void_p, ctypes.c_int64, *(ctypes.c_void_p,) * 3)
    add = function("seqwise_add_to_rows_f32", ctypes.c_void_p)
    if distinct is None or add is None or not _are_for_c(gradient, ids, counted, scale):
        return _plain_row_gradient(ids, padding_id, counted, scale, gradient)
    sums, found = _sums(shape, ids, counted, scale, gradient), ctypes.c_int64()
    rows, places = ids.new_empty(min(ids.numel(), shape[0])), ids.new_empty(ids.shape, dtype=torch.int32)
    sums.places = address(places, torch.int32)
    distinct(ctypes.addressof(sums), padding_id, address(rows, torch.int64), sums.places, ctypes.addressof(found))
    if sums.wrong:
        raise IndexError(_OUTSIDE.format(shape[0]))
    if found.value < 0:
        raise MemoryError("out of memory for the gradient of an embedding table; use smaller batches")
    rows = rows[: found.value]
    result = gradient.new_zeros(len(rows), shape[1])
    sums.gradient = address(result, torch.float32)
    add(ctypes.addressof(sums))
    return rows, result


def _plain_sums(table: Tensor, ids: Tensor, padding_id: int, counted: Tensor | None, scale: Tensor | None) -> Tensor:
    """Return the sums by tensor operations."""
    known = ids if counted is None else torch.where(counted[:, None], ids, padding_id)
    sums = torch.nn.functional.embedding_bag(known, table, mode="sum")
    return _scaled(sums, counted, scale)


def _plain_row_gradient(
    ids: Tensor, padding_id: int, counted: Tensor | None, scale: Tensor | None, gradient: Tensor
) -> tuple[Tensor, Tensor]:
    there = ids != padding_id if counted is None else (ids != padding_id) & counted[:, None]
    rows, places = torch.unique(ids[there], return_inverse=True)
    sums = gradient.new_zeros(len(rows), gradient.shape[1])
    return rows, sums.index_add_(0, places, _scaled(gradient, counted, scale)[there.nonzero()[:, 0]])


def _scaled(vectors: Tensor, counted: Tensor | None, scale: Tensor | None) -> Tensor:
    if scale is not None and len(scale):
        vectors = (vectors.view(len(scale), -1, vectors.shape[1]) * scale[:, None]).view(vectors.shape)
    return vectors if counted is None else torch.where(counted[:, None], vectors, 0.0)
