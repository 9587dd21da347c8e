"""Matrix products into preallocated memory, in compiled C where that is faster than torch."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from ctypes import c_int, c_ssize_t, c_void_p
from typing import Any

import torch
from torch import Tensor

from seqwise._addresses import address, known_address
from seqwise._native import function
from seqwise._readable import is_plain_cpu_tensor

__all__ = ["are_quick", "multiply"]

TASKS_OF_A_THREAD = 2
"""Blocks of the product per thread: more blocks balance the load better, larger blocks are faster."""


class Product(ctypes.Structure):
    """Mirror of `struct call` in `seqwise/_native/products.c`, which documents the fields."""

    _fields_ = (
        *(("a", c_void_p), ("a_row", c_ssize_t), ("a_column", c_ssize_t)),
        *(("b", c_void_p), ("b_row", c_ssize_t), ("b_column", c_ssize_t)),
        ("c", c_void_p),
        *((name, c_ssize_t) for name in ("row", "rows", "depth", "columns")),
        ("bias", c_void_p),
        *((name, c_ssize_t) for name in ("adds", "tasks")),
        ("failed", c_int),
    )


@functools.cache
def are_quick() -> bool:
    """Whether float32 matrices are multiplied in compiled C on this processor."""
    return _compiled() is not None


def multiply(left: Tensor, right: Tensor, to: Tensor, *, bias: Tensor | None = None, adds: bool = False) -> Tensor:
    """Computes `to` = left x right, optionally plus a bias in each row, or plus the previous values of `to`.

    Args:
        left: (rows, depth), in any layout.
        right: (depth, columns), in any layout.
        to: (rows, columns).
        bias: (columns,).
        adds: whether to add to the previous values of `to`; not together with a bias.
    """
    tensors = (left, right, to) if bias is None else (left, right, to, bias)
    is_for_c = (
        left.numel()
        and right.numel()
        and left.dtype is right.dtype is to.dtype is torch.float32
        and (bias is None or bias.dtype is torch.float32)
        and all(map(is_plain_cpu_tensor, tensors))
        and (to.stride(1) == 1 or to.shape[1] < 2)
    )
    product = _compiled() if is_for_c else None
    if product is None:
        if adds:
            return to.addmm_(left, right)
        return torch.mm(left, right, out=to) if bias is None else torch.addmm(bias, left, right, out=to)
    (rows, depth), (of_right, columns) = left.shape, right.shape
    if (depth, rows, columns) != (of_right, *to.shape):
        raise ValueError(f"cannot multiply {tuple(left.shape)} by {tuple(right.shape)} into {tuple(to.shape)}")
    bias = None if bias is None else bias.contiguous()
    call = Product(
        *(known_address(left), *left.stride()),
        *(known_address(right), *right.stride()),
        *(known_address(to), to.stride(0)),
        *(rows, depth, columns),
        address(bias, torch.float32, (columns,), is_ordinary=True),
        adds,
        torch.get_num_threads() * TASKS_OF_A_THREAD,
    )
    product(ctypes.byref(call))
    if call.failed:
        raise MemoryError("out of memory for a matrix product; use smaller batches")
    return to


@functools.cache
def _compiled() -> Callable[[Any], None] | None:
    """The compiled product; None if there is none, or if torch is as fast."""
    ask = function("seqwise_products_are_quick", c_void_p)
    if ask is None:
        return None
    quick = c_int(0)
    ask(ctypes.byref(quick))
    return function("seqwise_product", c_void_p) if quick.value else None
