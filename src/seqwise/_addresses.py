"""Memory addresses of tensors for compiled code, checked before they are handed out.

Compiled code reads and writes a given number of values of one type without any check. So this is the only module that
asks a tensor for its address (a test enforces it). A tensor of another type or layout raises `UnreadableError`; callers
that catch it fall back to plain torch.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from operator import attrgetter, is_

import torch
from torch import Tensor

from seqwise._readable import ORDINARY, PLAIN, is_plain_cpu_tensor, keys

__all__ = [
    "Places",
    "UnreadableError",
    "address",
    "addresses",
    "all_addresses",
    "dense_strides",
    "known_address",
    "require_unchanged",
    "side_by_side",
    "strided_address",
    "versions",
]


_PLAIN = frozenset(PLAIN)
_dtype, _is_cpu, _nbytes = map(attrgetter, ("dtype", "is_cpu", "nbytes"))


class UnreadableError(TypeError):
    """A tensor whose memory compiled code cannot read directly."""


def address(
    tensor: Tensor | None,
    dtype: torch.dtype,
    shape: Sequence[int] | None = None,
    *,
    name: str = "a tensor",
    is_ordinary: bool = False,
) -> int | None:
    """The address of a contiguous tensor's first element; None for None.

    Args:
        tensor: the tensor that compiled code will read or write.
        dtype: the type that compiled code expects.
        shape: the expected shape; None where the sizes come from this very tensor.
        name: name of the tensor in the error message.
        is_ordinary: whether `is_plain_cpu_tensor` has already been checked.

    Raises:
        UnreadableError: the tensor has another type or shape, or is not contiguous.

    Examples:
        >>> address(torch.ones(2, 3), torch.float32, (3, 2), name="weights")
        Traceback (most recent call last):
        ...
        seqwise._addresses.UnreadableError: weights: expected float32 (3, 2) side by side, got float32 (2, 3)
    """
    if tensor is None:
        return None
    if (
        tensor.dtype is dtype
        and (shape is None or tensor.shape == shape)
        # `is_plain_cpu_tensor` inlined: a call would take as long as all the rest
        and (is_ordinary or (type(tensor) in PLAIN and keys(tensor).raw_repr() in ORDINARY))
        and tensor.is_contiguous()
    ):
        return tensor.data_ptr() or _place(tensor, name)
    raise _refusal(tensor, dtype, shape, name)


def side_by_side(tensor: Tensor, dtype: torch.dtype) -> tuple[Tensor, int]:
    """A contiguous version of an ordinary tensor in this type, copied only if needed, and its address."""
    if tensor.dtype is not dtype or not tensor.is_contiguous():
        tensor = tensor.to(dtype).contiguous()
    return tensor, tensor.data_ptr() or _place(tensor, "a tensor")


def known_address(tensor: Tensor) -> int:
    """The address of a tensor that was already checked, or was just created as an output of compiled code."""
    return tensor.data_ptr() or _place(tensor, "a tensor")


def strided_address(tensor: Tensor, *dtypes: torch.dtype, name: str = "a tensor", is_ordinary: bool = False) -> int:
    """The address of a tensor's first element, for compiled code that also receives the strides.

    The arguments are those of `address`.

    Raises:
        UnreadableError: the tensor has none of these types, or is not an ordinary tensor on the CPU.
    """
    if tensor.dtype not in dtypes or not (is_ordinary or is_plain_cpu_tensor(tensor)):
        raise _refusal(tensor, dtypes[0], None, name)
    return _place(tensor, name)


def all_addresses(tensors: Sequence[Tensor], dtype: torch.dtype) -> list[int] | None:
    """The addresses of many tensors, faster than `address` for each; None where it might refuse one of them."""
    is_for_c = (
        _PLAIN.issuperset(map(type, tensors))
        and all(map(_is_cpu, tensors))
        and {dtype}.issuperset(map(_dtype, tensors))
        and not any(map(Tensor.is_neg, tensors))
    )
    if not is_for_c:
        return None
    try:  # tensors of other kinds, such as those of a transform, may have no strides or no memory
        found = list(map(Tensor.data_ptr, tensors))
        return found if 0 not in found and all(map(Tensor.is_contiguous, tensors)) else None
    except RuntimeError:
        return None


class Places:
    """The addresses of tensors, kept to check later whether they are still valid.

    Comparing is faster than checking every tensor again, since the same tensors are of the same kind. Assigning to
    `tensor.data` or resizing can change the type, size, address and strides.

    Examples:
        >>> tensor = torch.zeros(2, 3)
        >>> before = Places([tensor], torch.float32)
        >>> before.are_those_of([tensor])
        True
        >>> tensor.data = torch.zeros(2, 3)
        >>> before.are_those_of([tensor])
        False
    """

    def __init__(self, tensors: Sequence[Tensor], dtype: torch.dtype) -> None:
        self._tensors = list(tensors)
        self._dtype = frozenset((dtype,))
        self._found = list(map(Tensor.data_ptr, tensors))
        self._sizes = list(map(_nbytes, tensors))

    def are_those_of(self, tensors: Sequence[Tensor]) -> bool:
        """Whether these are the same tensors, with unchanged address, size, type and layout."""
        return (
            len(tensors) == len(self._tensors)
            and all(map(is_, tensors, self._tensors))
            and list(map(Tensor.data_ptr, tensors)) == self._found
            and list(map(_nbytes, tensors)) == self._sizes
            and self._dtype.issuperset(map(_dtype, tensors))
            and all(map(Tensor.is_contiguous, tensors))
        )


def addresses(tensors: Sequence[Tensor], dtype: torch.dtype) -> ctypes.Array[ctypes.c_void_p]:
    """The addresses of several tensors as a C array of pointers."""
    found = all_addresses(tensors, dtype)
    places = (address(tensor, dtype) for tensor in tensors) if found is None else found
    return (ctypes.c_void_p * len(tensors))(*places)


def dense_strides(shape: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    """The strides of a dense tensor whose axes are nested in the same order as those of a tensor with these strides.

    Expanded axes (stride 0) come outermost.

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
    """The version counter of each tensor: its number of in-place writes; 0 for inference tensors, which have none."""
    try:
        return tuple([0 if tensor is None else tensor._version for tensor in tensors])
    except RuntimeError:  # at least one is an inference tensor
        return tuple([0 if tensor is None or tensor.is_inference() else tensor._version for tensor in tensors])


def require_unchanged(tensors: Sequence[Tensor | None], before: tuple[int, ...]) -> None:
    """Raises the error of autograd when a tensor that the gradient needs has been written to in place.

    Raises:
        RuntimeError: a version counter has changed.
    """
    if versions(tensors) != before:
        raise RuntimeError(
            "weights that are needed for the gradient have been modified by an inplace operation since the loss was "
            "computed; compute the gradient first, or pass a clone of them to the loss"
        )


def _place(tensor: Tensor, name: str) -> int:
    found = tensor.data_ptr()
    if not found and tensor.numel():
        raise UnreadableError(f"{name}: its memory has been freed (its storage was resized to 0)")
    return found


def _refusal(tensor: Tensor, dtype: torch.dtype, shape: Sequence[int] | None, name: str) -> UnreadableError:
    wanted = _short(dtype) if shape is None else f"{_short(dtype)} {tuple(shape)}"
    found = f"{_short(tensor.dtype)} {tuple(tensor.shape)}"
    if not is_plain_cpu_tensor(tensor):
        found += f", a {type(tensor).__name__} that is not an ordinary tensor on the CPU"
    elif not tensor.is_contiguous():
        found += f" with strides {tensor.stride()}"
    return UnreadableError(f"{name}: expected {wanted} side by side, got {found}")


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
