"""Whether compiled code may read tensors at their addresses: plain ones, on the CPU, outside traces and transforms.

torch has no public way to ask this. Where its version lacks one of the private attributes that are read here,
everything counts as traced and no tensor as readable, so that the plain path serves; one warning says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor

__all__ = ["ORDINARY", "PLAIN", "are_plain_cpu_tensors", "is_plain_cpu_tensor", "is_traced", "keys"]

_PRIVATE = (
    "_C._dispatch_keys",
    "_C._are_functorch_transforms_active",
    "_C._len_torch_dispatch_stack",
    "_C._get_tracing_state",
    "autograd.forward_ad._current_level",
)


def _lacking() -> str | None:
    """The first of the attributes that this version of torch does not have, or has as something else."""
    for name in _PRIVATE:
        try:
            found = attrgetter(name)(torch)
        except AttributeError:
            return name
        if not (isinstance(found, int) if name.endswith("_level") else callable(found)):
            return name
    return None if hasattr(torch._C._dispatch_keys(torch.empty(0, device="cpu")), "raw_repr") else _PRIVATE[0]


def _ordinary() -> frozenset[Any]:
    with torch.inference_mode():
        of_inference = keys(torch.empty(0, device="cpu")).raw_repr()
    with torch.inference_mode(mode=False):
        return frozenset((of_inference, keys(torch.empty(0, device="cpu")).raw_repr()))


class _Unknown:
    """In place of torch's answer where it cannot be asked: that of no ordinary tensor."""

    def __init__(self, tensor: Tensor) -> None:
        """Knows nothing of the tensor."""

    def raw_repr(self) -> None:
        """Nothing that `ORDINARY` has."""


PLAIN = (Tensor, torch.nn.Parameter)
_IS_BLIND = (_missing := _lacking()) is not None
keys: Callable[[Tensor], Any] = _Unknown if _IS_BLIND else torch._C._dispatch_keys
"""What torch does differently with a tensor: its device, wrappers, views that negate, and so on."""
ORDINARY: frozenset[Any] = frozenset() if _IS_BLIND else _ordinary()
"""What `keys(tensor).raw_repr()` is of an ordinary tensor on the CPU."""
if _IS_BLIND:
    warnings.warn(
        f"torch {torch.__version__} has no torch.{_missing}, by which seqwise tells whether compiled code may read a "
        "tensor: everything is computed without compiled code, and some of it takes longer",
        stacklevel=2,
    )


def are_plain_cpu_tensors(tensors: Iterable[Tensor]) -> bool:
    """Whether these tensors have numbers in memory, and nobody watches what is computed with them."""
    return not is_traced() and all(map(is_plain_cpu_tensor, tensors))


def is_traced() -> bool:
    """Whether operations are recorded or transformed now, so that what is read beside them would be missed.

    Traces (`torch.compile`, `torch.jit.trace`, `make_fx`), transforms (`torch.func`) and forward mode do that.
    """
    return (
        _IS_BLIND
        or torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack() > 0
        or torch.autograd.forward_ad._current_level >= 0
        or torch._C._get_tracing_state() is not None
    )


def is_plain_cpu_tensor(tensor: Tensor) -> bool:
    """Whether this is an ordinary tensor on the CPU, whose memory holds its numbers.

    A wrapper of a transform or of another library is not; nor are views that negate or conjugate what is in memory,
    nor sparse, nested, quantised and symbolic tensors.
    """
    return type(tensor) in PLAIN and keys(tensor).raw_repr() in ORDINARY
