"""Whether compiled code may read tensors at their addresses: plain ones, on the CPU, outside traces and transforms."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.autograd.forward_ad import unpack_dual
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

__all__ = ["are_readable"]

_PLAIN = (Tensor, torch.nn.Parameter)


def are_readable(tensors: Iterable[Tensor]) -> bool:
    """Whether these tensors have numbers in memory, and nobody watches what is computed with them.

    A trace (`torch.compile`, `torch.jit.trace`, `make_fx`), a transform (`torch.func`), differentiation in forward mode
    and subclasses of tensors see operations of torch alone: what is read beside them would be missed.
    """
    if torch.compiler.is_compiling() or torch._C._is_tracing() or is_in_torch_dispatch_mode():
        return False
    if torch._C._are_functorch_transforms_active():
        return False
    return all(_is_readable(tensor) for tensor in tensors)


def _is_readable(tensor: Tensor) -> bool:
    is_plain = type(tensor) in _PLAIN and tensor.device.type == "cpu"
    return is_plain and unpack_dual(tensor).tangent is None  # type: ignore[no-untyped-call]
