"""Whether compiled code may read tensors at their addresses: plain ones, on the CPU, outside traces and transforms."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["ORDINARY", "PLAIN", "are_readable", "is_readable", "is_traced", "keys"]

PLAIN = (Tensor, torch.nn.Parameter)
keys = torch._C._dispatch_keys
"""What torch does differently with a tensor: its device, wrappers, views that negate, and so on."""
with torch.inference_mode():
    _OF_INFERENCE = keys(torch.empty(0, device="cpu")).raw_repr()
with torch.inference_mode(mode=False):
    ORDINARY = frozenset((_OF_INFERENCE, keys(torch.empty(0, device="cpu")).raw_repr()))
"""What `keys(tensor).raw_repr()` is of an ordinary tensor on the CPU."""


def are_readable(tensors: Iterable[Tensor]) -> bool:
    """Whether these tensors have numbers in memory, and nobody watches what is computed with them."""
    return not is_traced() and all(map(is_readable, tensors))


def is_traced() -> bool:
    """Whether operations are recorded or transformed now, so that what is read beside them would be missed.

    Traces (`torch.compile`, `torch.jit.trace`, `make_fx`), transforms (`torch.func`) and forward mode do that.
    """
    return (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack() > 0
        or torch.autograd.forward_ad._current_level >= 0
        or torch._C._get_tracing_state() is not None
    )


def is_readable(tensor: Tensor) -> bool:
    """Whether this is an ordinary tensor on the CPU, whose memory holds its numbers.

    A wrapper of a transform or of another library is not; nor are views that negate or conjugate what is in memory,
    nor sparse, nested, quantised and symbolic tensors.
    """
    return type(tensor) in PLAIN and keys(tensor).raw_repr() in ORDINARY
