"""Makes a tensor of any array: a NumPy array, say, or a list."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqwise.errors import DtypeError, ShapeError
from seqwise.shapes import shape_message

__all__ = ["as_tensor", "check_tensor", "tensor_of"]


def check_tensor(call: str, name: str, value: object) -> None:
    """Refuses logits and other arrays to train that are no tensors: a copy of them would have no graph.

    Raises:
        DtypeError: the value is not a tensor.
    """
    if isinstance(value, Tensor):
        return
    problem = f"{name} is a {type(value).__module__}.{type(value).__qualname__}, and this loss takes torch tensors"
    hint = f"torch.as_tensor({name}) makes one; NumPy arrays without a gradient go to seqwise.losses.numpy.{call}"
    raise DtypeError(shape_message(call, problem, (), expected=f"{name} as a torch.Tensor", hint=hint))


def tensor_of(call: str, name: str, value: Any, like: Tensor) -> Tensor:
    """The value as it is when it is a tensor; else a tensor of its numbers on the device of another.

    Raises:
        ShapeError: rows of a list differ in length.
        DtypeError: the value holds something else than numbers.
    """
    return value if isinstance(value, Tensor) else as_tensor(call, name, value, like.device)


def as_tensor(call: str, name: str, value: Any, device: torch.device) -> Tensor:
    """A tensor on this device: of a tensor, an array in any memory layout and byte order, a list or a number.

    Raises:
        ShapeError: rows of a list differ in length.
        DtypeError: the value holds something else than numbers.
    """
    if isinstance(value, Tensor):
        return value.to(device)
    if torch.compiler.is_compiling():  # which reads lists and arrays itself, and has no types of the latter
        return torch.as_tensor(value, device=device)
    if isinstance(value, list | tuple) and any(isinstance(item, Tensor) for item in value):
        return torch.stack([torch.as_tensor(item) for item in value]).to(device)
    try:
        array = np.asarray(value)
    except ValueError:
        problem = f"{name} has rows of different lengths"
        hint = "pad the rows to one length, and pass lengths="
        raise ShapeError(shape_message(call, problem, (), expected="rows of one length", hint=hint)) from None
    if array.dtype.kind not in "biuf":
        problem = f"{name} holds {array.dtype}, not numbers"
        raise DtypeError(shape_message(call, problem, (), expected=f"{name} of numbers", hint=_not_numbers(array)))
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    if array.dtype.kind == "u" and array.dtype.itemsize > 1:  # torch has next to nothing for these
        if array.size and array.max() > np.iinfo(np.int64).max:
            problem = f"{name} holds {array.max()}, which does not fit a 64-bit signed integer"
            raise DtypeError(shape_message(call, problem, (), expected="integers below 2**63"))
        array = array.astype(np.int64)
    native = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(array.shape)
    return torch.as_tensor(native if native.flags.writeable else native.copy(), device=device)


def _not_numbers(array: np.ndarray[Any, Any]) -> str | None:
    if array.dtype.kind in "US":
        return "labels are class indices: number the names from 0"
    return "None and other objects have no number: leave them out with mask=" if array.dtype.kind == "O" else None
