"""Convolution over the characters of words with max pooling, in one pass of compiled C."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqwise._addresses import address
from seqwise._native import function
from seqwise._readable import are_plain_cpu_tensors
from seqwise.nn._axes import Float, Integer

__all__ = ["fits", "highest_windows"]

_SIZES = (ctypes.c_void_p, *(ctypes.c_ssize_t,) * 5)


def fits(tensors: Sequence[Tensor]) -> bool:
    """Whether the compiled code can be used: it is there, and the tensors are float32 on a CPU."""
    return (
        all(tensor.dtype == torch.float32 for tensor in tensors)
        and not torch.is_autocast_enabled("cpu")
        and are_plain_cpu_tensors(tensors)
        and _forward() is not None
    )


def highest_windows(
    table: Float[Tensor, "width characters size"], bias: Float[Tensor, " size"], ids: Integer[Tensor, "words length"]
) -> Float[Tensor, "words size"]:
    """Return the bias plus the highest window sum per word and feature; zeros for a word without characters.

    Args:
        table: contribution of each character to a window by its position there; width is odd. Character 0 is padding.
        bias: added to every window.
        ids: int64, the characters of each word, padded with 0 at the end.

    Raises:
        IndexError: an id is not in the table.

    Examples:
        >>> table = torch.tensor([[[0.0], [1.0], [5.0]]])
        >>> highest_windows(table, torch.tensor([0.5]), torch.tensor([[1, 2, 1], [1, 0, 0], [0, 0, 0]])).tolist()
        [[5.5], [1.5], [0.0]]
    """
    if ids.numel() and int(ids.max()) >= table.shape[1]:
        raise IndexError(f"index {int(ids.max())} is out of range: there are {table.shape[1]} characters")
    highest: Tensor = _HighestWindows.apply(table, bias, ids)  # type: ignore[no-untyped-call]
    return highest


class _HighestWindows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, bias: Tensor, ids: Tensor) -> Tensor:
        table, bias, ids = table.contiguous(), bias.contiguous(), ids.long().contiguous()
        width, characters, size = table.shape
        ctx.sizes = (*ids.shape, width, characters, size)
        highest = table.new_empty(len(ids), size)
        places = torch.empty_like(highest, dtype=torch.int32)
        run = _forward()
        assert run is not None
        inputs = address(table, torch.float32), address(bias, torch.float32, (size,))
        results = address(highest, torch.float32), address(places, torch.int32)
        run(address(ids, torch.int64), *ctx.sizes, *inputs, *results)
        ctx.save_for_backward(ids, places)
        return highest

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        ids, places = ctx.saved_tensors
        gradient = gradient.resolve_neg().contiguous()
        table_gradient = gradient.new_zeros(ctx.sizes[2:])
        run = function("seqwise_highest_windows_gradient_f32", *_SIZES, *(ctypes.c_void_p,) * 3)
        assert run is not None
        found = address(places, torch.int32), address(gradient, torch.float32, places.shape)
        run(address(ids, torch.int64), *ctx.sizes, *found, address(table_gradient, torch.float32))
        bias_gradient = gradient[places[:, 0] >= 0].sum(dim=0)
        return table_gradient, bias_gradient, None


def _forward() -> Any:
    return function("seqwise_highest_windows_f32", *_SIZES, *(ctypes.c_void_p,) * 4)
