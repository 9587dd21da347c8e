"""Whether compiled code may read tensors at their addresses: plain ones, on the CPU, outside traces and transforms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

__all__ = ["are_readable"]

_PLAIN = (Tensor, torch.nn.Parameter)
_jit: Any = torch.jit  # does not say that it exports what is asked of it
_unpack_dual: Any = forward_ad.unpack_dual


def are_readable(tensors: Iterable[Tensor]) -> bool:
    """Whether these tensors have numbers in memory, and nobody watches what is computed with them.

    A trace (`torch.compile`, `torch.jit.trace`, `make_fx`), a transform (`torch.func`), forward-mode differentiation
    and a subclass of tensors see operations of torch alone: what is read beside them would be missed.
    """
    if torch.compiler.is_compiling() or _jit.is_tracing() or is_in_torch_dispatch_mode():
        return False
    if torch._C._are_functorch_transforms_active():
        return False
    return all(
        type(tensor) in _PLAIN and tensor.device.type == "cpu" and _unpack_dual(tensor).tangent is None
        for tensor in tensors
    )
