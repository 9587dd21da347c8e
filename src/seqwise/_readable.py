"""Checks whether compiled code may access tensors directly: plain CPU tensors, outside traces and transforms.

torch has no public API for this. If the installed version lacks one of the private attributes read here, everything
counts as traced and no tensor as readable, so that the plain path runs; a single warning reports it.
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
    """The first attribute that this version of torch lacks, or has with another meaning."""
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
    """Stands in for torch's dispatch keys where they are not available; matches no ordinary tensor."""

    def __init__(self, tensor: Tensor) -> None:
        """Ignores the tensor."""

    def raw_repr(self) -> None:
        """Returns None, which is not in `ORDINARY`."""


PLAIN = (Tensor, torch.nn.Parameter)
_IS_BLIND = (_missing := _lacking()) is not None
keys: Callable[[Tensor], Any] = _Unknown if _IS_BLIND else torch._C._dispatch_keys
"""The dispatch keys of a tensor: its device, wrappers, negated views, and so on."""
ORDINARY: frozenset[Any] = frozenset() if _IS_BLIND else _ordinary()
"""The values of `keys(tensor).raw_repr()` for ordinary CPU tensors."""
if _IS_BLIND:
    warnings.warn(
        f"torch {torch.__version__} has no torch.{_missing}, by which seqwise tells whether compiled code may read a "
        "tensor: everything is computed without compiled code, and some of it takes longer",
        stacklevel=2,
    )


def are_plain_cpu_tensors(tensors: Iterable[Tensor]) -> bool:
    """Whether these tensors are ordinary CPU tensors, and no operations on them are recorded or transformed."""
    return not is_traced() and all(map(is_plain_cpu_tensor, tensors))


def is_traced() -> bool:
    """Whether operations are being recorded or transformed, so that direct memory access would go unnoticed.

    True in traces (`torch.compile`, `torch.jit.trace`, `make_fx`), transforms (`torch.func`) and forward mode.
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
    """Whether this is an ordinary CPU tensor whose memory holds its values.

    Wrappers of transforms or other libraries are not, nor are lazily negated or conjugated views, nor sparse, nested,
    quantised and symbolic tensors.
    """
    return type(tensor) in PLAIN and keys(tensor).raw_repr() in ORDINARY
