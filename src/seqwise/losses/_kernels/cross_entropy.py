"""Cross-entropy of class indices in compiled C: `seqwise/_native/cross_entropy.c` for tensors."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_float, c_int64, c_ssize_t, c_void_p
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqwise._native import function
from seqwise.losses._kernels.layout import Layout

__all__ = ["Losses", "Rows", "class_index", "compiled"]


class Call(ctypes.Structure):
    """`struct call` of the C source, where its fields are explained."""

    _fields_ = (
        ("logits", c_void_p),
        ("size", c_ssize_t),
        *((name, c_ssize_t) for name in Layout._fields),
        *((name, c_void_p) for name in ("index", "class_weight", "class_total")),
        ("outputs", c_ssize_t),
        ("sample_weight", c_void_p),
        ("span", c_ssize_t),
        ("smoothing", c_float),
        *((name, c_void_p) for name in ("losses", "weights", "top", "sum")),
        ("totals", c_float * 4),
        ("upstream", c_void_p),
        *((name, c_ssize_t) for name in ("upstream_step", "divides")),
        ("gradient", c_void_p),
        *((name, c_ssize_t) for name in ("outer_to", "inner_to", "class_to")),
    )


class Compiled(NamedTuple):
    """The functions in C."""

    class_index: Callable[..., None]
    forward: Callable[[Any], None]
    gradient: Callable[[Any], None]


def compiled() -> Compiled | None:
    """The functions in C; None where nothing was compiled."""
    class_index = function("seqwise_class_index", *_CLASS_INDEX)
    forward = function("seqwise_cross_entropy", c_void_p)
    gradient = function("seqwise_cross_entropy_gradient", c_void_p)
    if class_index is None or forward is None or gradient is None:
        return None
    return Compiled(class_index, forward, gradient)


_CLASS_INDEX = (
    *(c_void_p, c_ssize_t, c_ssize_t, c_ssize_t),  # labels, batch, time, rest
    *(c_void_p, c_ssize_t, c_void_p, c_void_p, c_void_p, c_ssize_t),  # mask and span, lengths, ignored, values, classes
    *(c_void_p, c_ssize_t, c_void_p, c_ssize_t),  # weights
    *(c_void_p, c_void_p),  # index, is_wrong
)


def class_index(
    labels: Tensor,
    *,
    sequences: tuple[int, int, int] | None,
    mask: Tensor | None,
    mask_span: int,
    lengths: Tensor | None,
    ignored: int | None,
    values: tuple[int, ...] | None,
    classes: int,
    class_weight: Tensor | None,
    sample_weight: Tensor | None,
    span: int,
) -> Tensor | None:
    """int32, the class of each position, flat; -1 where it does not count. None where a value may be wrong.

    Args:
        labels: int64, side by side, like all tensors here.
        sequences: batch, steps, and positions in each step, where there are lengths.
        mask: booleans, one for every `mask_span` positions.
        mask_span: for how many positions one boolean is.
        lengths: int64, how many steps of each sequence count.
        ignored: labels of this value do not count.
        values: the label of each class.
        classes: the number of classes.
        class_weight: float32, looked at for values that are no numbers.
        sample_weight: float32, one for every `span` positions, looked at where they count.
        span: for how many positions one sample weight is.
    """
    functions = compiled()
    assert functions is not None
    index, wrong = torch.empty(labels.numel(), dtype=torch.int32), c_int64(0)
    functions.class_index(
        _address(labels),
        *(sequences or (1, labels.numel(), 1)),
        _address(mask),
        mask_span,
        _address(lengths),
        None if ignored is None else ctypes.byref(c_int64(ignored)),
        None if values is None else (c_int64 * classes)(*values),
        classes,
        _address(class_weight),
        0 if class_weight is None else class_weight.numel(),
        _address(sample_weight),
        span,
        index.data_ptr(),
        ctypes.byref(wrong),
    )
    return None if wrong.value else index


@dataclass(frozen=True, slots=True)
class Rows:
    """What the loss at each position is made of, but for the logits.

    Attributes:
        index: int32, the class of each position, flat; -1 where it does not count.
        class_weight: float32, (classes,) or (outputs, classes), side by side; None for 1.
        outputs: the size of the last axis of the positions, for class_weight of each output; else 1.
        sample_weight: float32, one for every `span` positions, side by side; None for 1.
        span: for how many positions one sample weight is.
        smoothing: the share of a label that is spread evenly over the classes.
    """

    index: Tensor
    class_weight: Tensor | None = None
    outputs: int = 1
    sample_weight: Tensor | None = None
    span: int = 1
    smoothing: float = 0.0


class Losses:
    """The losses of logits that are laid out so, and their gradient.

    Attributes:
        total: the sum of the losses.
        weight: the sum of what each position adds to the divisor of a mean.
        mean: total / weight; 0 where that is 0.
        look_like_probabilities: whether those of the first position that counts do.
    """

    __slots__ = ("_call", "_class_total", "_results", "_rows", "look_like_probabilities", "mean", "total", "weight")

    def __init__(self, rows: Rows, logits: Tensor, layout: Layout) -> None:
        functions = compiled()
        assert functions is not None
        self._rows = rows  # the call points into it
        count = layout.outer * layout.inner
        self._results = torch.empty((4, count), dtype=torch.float32)
        self._class_total = rows.class_weight.sum(-1) if rows.class_weight is not None and rows.smoothing else None
        start = self._results.data_ptr()
        self._call = Call(
            logits.data_ptr(),
            logits.itemsize,
            *layout,
            _address(rows.index),
            _address(rows.class_weight),
            _address(self._class_total),
            rows.outputs,
            _address(rows.sample_weight),
            rows.span,
            rows.smoothing,
            *(start, start + 4 * count, start + 8 * count, start + 12 * count),
        )
        functions.forward(ctypes.byref(self._call))
        self.total, self.weight, self.mean, looks = self._call.totals
        self.look_like_probabilities = looks != 0

    @property
    def values(self) -> Tensor:
        """The loss of each position, flat; 0 where it does not count."""
        return self._results[0]

    @property
    def weights(self) -> Tensor:
        """What each position adds to the divisor of a mean, flat; 0 where it does not count."""
        return self._results[1]

    def gradient(self, logits: Tensor, upstream: Tensor, *, of_mean: bool, to: Tensor, layout: Layout) -> Tensor:
        """The gradient by the logits, written to `to`, which is laid out so and may be the logits themselves.

        Args:
            logits: as they were.
            upstream: float32, the gradient by each loss, or one number that is that of all losses.
            of_mean: whether that number is the gradient by the mean.
            to: what to write to.
            layout: that of `to`.
        """
        functions, call = compiled(), self._call
        assert functions is not None
        call.logits, call.gradient = logits.data_ptr(), to.data_ptr()
        call.upstream, call.upstream_step, call.divides = _address(upstream), min(upstream.dim(), 1), of_mean
        call.outer_to, call.inner_to, call.class_to = layout[3:]
        functions.gradient(ctypes.byref(call))
        return to


def _address(tensor: Tensor | None) -> int | None:
    if tensor is None:
        return None
    assert tensor.is_contiguous(), "C reads the numbers one after the other"
    return tensor.data_ptr()
