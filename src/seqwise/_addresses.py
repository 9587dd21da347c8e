"""Where tensors stand in memory: every address that compiled code gets comes from here, or is refused here.

Compiled code reads and writes as many numbers of one type as it was told, without looking. So nobody else in seqwise
asks a tensor for its address (a test says so), and a tensor that is not what the code expects raises, or is left to the
plain path by a caller that catches `UnreadableError`.
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
        is_ordinary: whether `is_plain_cpu_tensor` was asked before.

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
    if (
        tensor.dtype is dtype
        and (shape is None or tensor.shape == shape)
        # as `is_plain_cpu_tensor`, whose call would take as long as all the rest
        and (is_ordinary or (type(tensor) in PLAIN and keys(tensor).raw_repr() in ORDINARY))
        and tensor.is_contiguous()
    ):
        return tensor.data_ptr() or _place(tensor, name)
    raise _refusal(tensor, dtype, shape, name)


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
    if tensor.dtype not in dtypes or not (is_ordinary or is_plain_cpu_tensor(tensor)):
        raise _refusal(tensor, dtypes[0], None, name)
    return _place(tensor, name)


def all_addresses(tensors: Sequence[Tensor], dtype: torch.dtype) -> list[int] | None:
    """What `address` gives for each of many tensors, sooner; None where it might refuse one of them."""
    is_for_c = (
        _PLAIN.issuperset(map(type, tensors))
        and all(map(_is_cpu, tensors))
        and {dtype}.issuperset(map(_dtype, tensors))
        and not any(map(Tensor.is_neg, tensors))
    )
    if not is_for_c:
        return None
    try:  # tensors of other kinds, those of a transform say, have no order in memory, or no memory
        found = list(map(Tensor.data_ptr, tensors))
        return found if 0 not in found and all(map(Tensor.is_contiguous, tensors)) else None
    except RuntimeError:
        return None


class Places:
    """Where tensors stand that `address` gave addresses for, to see later whether they still stand there.

    Looking takes less time than asking for the addresses again: the same tensors are of the same kind. What is in
    `tensor.data`, or was resized, may be of another type or size, at another place and in another order.

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
        """Whether these are the same tensors, and compiled code finds in them what it found before."""
        return (
            len(tensors) == len(self._tensors)
            and all(map(is_, tensors, self._tensors))
            and list(map(Tensor.data_ptr, tensors)) == self._found
            and list(map(_nbytes, tensors)) == self._sizes
            and self._dtype.issuperset(map(_dtype, tensors))
            and all(map(Tensor.is_contiguous, tensors))
        )


def addresses(tensors: Sequence[Tensor], dtype: torch.dtype) -> ctypes.Array[ctypes.c_void_p]:
    """Those of several tensors, side by side in memory as C reads an array of pointers."""
    found = all_addresses(tensors, dtype)
    places = (address(tensor, dtype) for tensor in tensors) if found is None else found
    return (ctypes.c_void_p * len(tensors))(*places)


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
    try:
        return tuple([0 if tensor is None else tensor._version for tensor in tensors])
    except RuntimeError:  # one of inference is among them
        return tuple([0 if tensor is None or tensor.is_inference() else tensor._version for tensor in tensors])


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
    if not is_plain_cpu_tensor(tensor):
        found += f", a {type(tensor).__name__} that is no ordinary tensor on the CPU"
    elif not tensor.is_contiguous():
        found += f" with strides {tensor.stride()}"
    return UnreadableError(f"{name}: expected {wanted} side by side, got {found}")


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
