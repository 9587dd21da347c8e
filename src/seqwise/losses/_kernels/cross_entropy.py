"""Cross-entropy of class indices in compiled C: `seqwise/_native/cross_entropy.c` for tensors."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from ctypes import c_float, c_int64, c_ssize_t, c_void_p
from typing import Any

import torch
from torch import Tensor

from seqwise._addresses import address, known_address, strided_address
from seqwise._native import function
from seqwise.losses._kernels.joint_layout import Layout

__all__ = ["DTYPES", "NO_MEMORY", "Call", "call_of", "compiled", "gradient"]

DTYPES = (torch.float32, torch.bfloat16)
"""The types of logits that the compiled code takes."""
NO_MEMORY = 3
"""The value of `Call.wrong` where the compiled code ran out of memory (`cross_entropy.h`)."""


class Call(ctypes.Structure):
    """`struct call` of the C source (`cross_entropy.h`), where its fields are explained.

    Tensors are given as addresses; the caller keeps the tensors alive.
    """

    _fields_ = (
        ("logits", c_void_p),
        ("size", c_ssize_t),
        *((name, c_ssize_t) for name in ("outer", "inner", "classes")),
        *((name, c_ssize_t) for name in ("outer_from", "inner_from", "class_from")),
        ("labels", c_void_p),
        *((name, c_ssize_t) for name in ("batch", "time", "rest")),
        ("mask", c_void_p),
        ("mask_span", c_ssize_t),
        ("lengths", c_void_p),
        ("ignores", c_ssize_t),
        ("ignored", c_int64),
        *((name, c_void_p) for name in ("values", "index", "class_weight", "class_total")),
        ("outputs", c_ssize_t),
        ("sample_weight", c_void_p),
        ("span", c_ssize_t),
        ("smoothing", c_float),
        *((name, c_void_p) for name in ("losses", "weights", "result")),
        *((name, c_float) for name in ("total", "weight")),
        *((name, c_ssize_t) for name in ("wrong", "divides")),
        ("upstream", c_void_p),
        ("factor", c_float),
        ("gradient", c_void_p),
        *((name, c_ssize_t) for name in ("outer_to", "inner_to", "class_to")),
    )


@functools.cache
def compiled() -> Callable[[Any], None] | None:
    """The function in C, of a reference to a `Call`; None where nothing was compiled."""
    return function("seqwise_class_losses", c_void_p)


def call_of(dtype: torch.dtype, layout: Layout, **fields: Any) -> Call:
    """A call for logits of this type; the layout is that of the logits and of their gradient."""
    logits, gradient = layout.strides
    sizes = {"outer": layout.outer, "inner": layout.inner, "classes": layout.classes}
    sizes |= zip(("outer_from", "inner_from", "class_from"), logits, strict=True)
    sizes |= zip(("outer_to", "inner_to", "class_to"), gradient, strict=True)
    ones = {"batch": 1, "time": 1, "rest": 1, "mask_span": 1, "outputs": 1, "span": 1, "factor": 1.0}
    return Call(size=dtype.itemsize, **sizes, **{**ones, **fields})


def gradient(
    call: Call, logits: Tensor, strides: Sequence[int], *, upstream: Tensor | None = None, factor: float = 1.0
) -> Tensor:
    """The gradient by the logits, of a call that was made before.

    Args:
        call: as it was filled in; the memory that it points to is still there.
        logits: as they were.
        strides: those of the gradient, as the call has them.
        upstream: float32, the gradient by each loss; None where that is one number.
        factor: that number: the gradient by the result.
    """
    again, function = Call.from_buffer_copy(call), compiled()
    assert function is not None
    found = logits.new_empty_strided(logits.shape, strides)
    each = None if upstream is None else upstream.contiguous()
    again.logits, again.gradient = strided_address(logits, *DTYPES, is_ordinary=True), known_address(found)
    again.upstream, again.factor = address(each, torch.float32, is_ordinary=True), factor
    again.labels = again.losses = again.weights = again.result = None
    function(ctypes.byref(again))
    if again.wrong == NO_MEMORY:
        raise MemoryError("out of memory for the gradient of a cross-entropy; use smaller batches")
    return found
