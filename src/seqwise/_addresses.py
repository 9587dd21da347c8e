"""Where tensors stand in memory: every address that compiled code gets comes from here, or is refused here.

Compiled code reads and writes as many numbers of one type as it was told, without looking. So nobody else in seqwise
asks a tensor for its address (a test says so), and a tensor that is not what the code expects raises, or is left to the
plain path by a caller that catches `UnreadableError`.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from seqwise._readable import is_readable

__all__ = [
    "UnreadableError",
    "address",
    "known_address",
    "addresses",
    "dense_strides",
    "require_unchanged",
    "side_by_side",
    "strided_address",
    "versions",
]


class UnreadableError(TypeError):
    """A tensor that compiled code cannot read where it stands."""


def address(
    tensor: Tensor | None,
    dtype: torch.dtype,
    shape: Sequence[int] | None = None,
    *,
    name: str = "a tensor",
    is_ordinary: bool = False,
) -> int | None:
    """Where the numbers of a tensor begin, which stand side by side in the order of its axes; None for None.

    Args:
        tensor: what compiled code is going to read or write.
        dtype: of the numbers that it expects there.
        shape: how many it expects; None where sizes were taken from this very tensor.
        name: of the tensor, for the message.
        is_ordinary: whether `is_readable` was asked before.

    Raises:
        UnreadableError: there are other numbers, other sizes, or gaps.

    Examples:
        >>> address(torch.ones(2, 3), torch.float32, (3, 2), name="weights")
        Traceback (most recent call last):
        ...
        seqwise._addresses.UnreadableError: weights: expected float32 (3, 2) side by side, got float32 (2, 3)
    """
    if tensor is None:
        return None
    is_alike = tensor.dtype is dtype and (shape is None or tensor.shape == shape)
    if not is_alike or not (is_ordinary or is_readable(tensor)) or not tensor.is_contiguous():
        raise _refusal(tensor, dtype, shape, name)
    return _place(tensor, name)


def side_by_side(tensor: Tensor, dtype: torch.dtype) -> tuple[Tensor, int]:
    """An ordinary tensor as one of this type without gaps, a copy if need be; and where its numbers begin."""
    if tensor.dtype is not dtype or not tensor.is_contiguous():
        tensor = tensor.to(dtype).contiguous()
    return tensor, tensor.data_ptr() or _place(tensor, "a tensor")


def known_address(tensor: Tensor) -> int:
    """Where the numbers of a tensor begin that was checked before, or just made for compiled code to write to."""
    return tensor.data_ptr() or _place(tensor, "a tensor")


def strided_address(tensor: Tensor, *dtypes: torch.dtype, name: str = "a tensor", is_ordinary: bool = False) -> int:
    """Where the first number of a tensor stands, for compiled code that gets its strides too.

    Arguments are those of `address`.

    Raises:
        UnreadableError: it holds numbers of none of these types, or it is no ordinary tensor on the CPU.
    """
    if tensor.dtype not in dtypes or not (is_ordinary or is_readable(tensor)):
        raise _refusal(tensor, dtypes[0], None, name)
    return _place(tensor, name)


def addresses(tensors: Sequence[Tensor], dtype: torch.dtype) -> ctypes.Array[ctypes.c_void_p]:
    """Those of several tensors, side by side in memory as C reads an array of pointers."""
    return (ctypes.c_void_p * len(tensors))(*(address(tensor, dtype) for tensor in tensors))


def dense_strides(shape: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    """The strides of a tensor without gaps whose axes are nested as those of a tensor with these strides are.

    Axes along which that tensor repeats its numbers (stride 0) come outermost.

    Examples:
        >>> dense_strides((8, 20, 5), (105, 5, 1))
        (100, 5, 1)
        >>> dense_strides((8, 5, 20), (105, 1, 5))
        (100, 1, 5)
    """
    found, step = [0] * len(shape), 1
    for axis in sorted(range(len(shape)), key=lambda axis: (strides[axis] or math.inf, -axis)):
        found[axis], step = step, step * shape[axis]
    return tuple(found)


def versions(tensors: Sequence[Tensor | None]) -> tuple[int, ...]:
    """How often each tensor was written to in place; a tensor of inference counts nothing."""
    return tuple(0 if tensor is None or tensor.is_inference() else tensor._version for tensor in tensors)


def require_unchanged(tensors: Sequence[Tensor | None], before: tuple[int, ...]) -> None:
    """Raises what autograd raises when a tensor that the gradient needs has been written to since.

    Raises:
        RuntimeError: the versions are not those of before.
    """
    if versions(tensors) != before:
        raise RuntimeError(
            "weights that are needed for the gradient have been modified by an inplace operation since the loss was "
            "computed; take the gradient first, or give the loss a clone of them"
        )


def _place(tensor: Tensor, name: str) -> int:
    found = tensor.data_ptr()
    if not found and tensor.numel():
        raise UnreadableError(f"{name}: the memory of its numbers was given back (its storage was resized to 0)")
    return found


def _refusal(tensor: Tensor, dtype: torch.dtype, shape: Sequence[int] | None, name: str) -> UnreadableError:
    wanted = _short(dtype) if shape is None else f"{_short(dtype)} {tuple(shape)}"
    found = f"{_short(tensor.dtype)} {tuple(tensor.shape)}"
    if not is_readable(tensor):
        found += f", a {type(tensor).__name__} that is no ordinary tensor on the CPU"
    elif not tensor.is_contiguous():
        found += f" with strides {tensor.stride()}"
    return UnreadableError(f"{name}: expected {wanted} side by side, got {found}")


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
