"""Prepares labels, masks and weights of a call of cross-entropy for the compiled code."""

from __future__ import annotations

import ctypes
import functools
from ctypes import c_int64
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqwise._addresses import (
    dense_strides,
    known_address,
    require_unchanged,
    side_by_side,
    versions,
)
from seqwise.losses._kernels.cross_entropy import Call, call_of
from seqwise.losses._kernels.joint_layout import joint_layout
from seqwise.losses._loss_options import ClassOptions
from seqwise.losses._plan import Plan, plan_cross_entropy
from seqwise.shapes import array_spec

__all__ = ["PreparedCall", "CallTemplate", "prepared_call", "call_template"]

MOST_LABEL_VALUES = 64
"""Label values are looked for one by one; more of them are mapped faster by torch."""

Signature = tuple[torch.dtype, torch.Size]
"""The type and shape of a tensor: all that a plan reads."""


class CallTemplate(NamedTuple):
    """The part of a call that is the same for all tensors of these types and shapes.

    Attributes:
        plan: the meaning of the call.
        call: all of a call but its tensors.
        strides: those of the gradient by the logits.
        values: the label of each class, to which the call points; None when labels are class indices.
        shapes: those that mask and sample_weight have to be expanded to; None where they have it.
    """

    plan: Plan
    call: Call
    strides: tuple[int, ...]
    values: Any
    shapes: tuple[torch.Size | None, torch.Size | None]


class PreparedCall(NamedTuple):
    """A call with its labels and weights, and the tensors that it points to.

    Attributes:
        call: with the addresses of all tensors but those of logits, results and gradients.
        strides: those of the gradient by the logits.
        class_index: the class of each position, -1 where it does not count.
        labels: labels, mask and lengths, which are read once.
        weights: class_weight, its sums and sample_weight, which the gradient needs again.
        versions: of these.
    """

    call: Call
    strides: tuple[int, ...]
    class_index: Tensor
    labels: tuple[Tensor | None, ...]
    weights: tuple[Tensor | None, ...]
    versions: tuple[int, ...]

    def again(self) -> Call:
        """The call, for another gradient; the weights must not have been written to since."""
        if not self.weights:
            return self.call
        require_unchanged(self.weights, self.versions)
        call = Call.from_buffer_copy(self.call)
        class_weight, total, sample_weight = self.weights  # which are private copies, so that they are unchanged
        if class_weight is not None:
            call.class_weight = known_address(class_weight)
        if total is not None:
            call.class_total = known_address(total)
        if sample_weight is not None:
            call.sample_weight = known_address(sample_weight)
        return call


def call_template(logits: Tensor, labels: Tensor, options: ClassOptions) -> CallTemplate | None:
    """The template of a call; None where the compiled code does not take it.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
    """
    mask, lengths, class_weight, sample_weight, ignored, values, *others = options
    seen = ClassOptions._make(
        (
            None if mask is None else (mask.dtype, mask.shape),
            None if lengths is None else (lengths.dtype, lengths.shape),
            None if class_weight is None else (class_weight.dtype, class_weight.shape),
            None if sample_weight is None else (sample_weight.dtype, sample_weight.shape),
            ignored,
            None if values is None else tuple(values),
            *others,
        )
    )
    types = type(ignored), *map(type, others), *(() if values is None else map(type, values))
    return _call_template((logits.dtype, logits.shape), logits.stride(), (labels.dtype, labels.shape), seen, types)


@functools.lru_cache(maxsize=1024)
def _call_template(
    logits: Signature,
    strides: tuple[int, ...],
    labels: Signature,
    options: ClassOptions,
    _types: tuple[type, ...],  # so that 0 and 1 are not False and True
) -> CallTemplate | None:
    plan = plan_cross_entropy(
        array_spec("logits", _Seen(*logits)),
        array_spec("labels", _Seen(*labels)),
        options.with_arrays(lambda name, signature: array_spec(name, _Seen(*signature))),
    )
    mask, lengths, class_weight, sample_weight = options[:4]
    dtype, shape = logits
    assert plan.class_axis is not None
    to = dense_strides(shape, strides)
    layout = joint_layout(shape, plan.class_axis, strides, to)
    if layout is None or not shape.numel() or len(plan.label_values or ()) > MOST_LABEL_VALUES:
        return None
    values = None if plan.label_values is None else (c_int64 * len(plan.label_values))(*plan.label_values)
    positions = labels[1]
    (mask_span, of_mask), (span, of_weight) = _expansion(mask, positions), _expansion(sample_weight, positions)
    sizes = {"batch": positions[0], "time": positions[1], "rest": positions[2:].numel()} if lengths is not None else {}
    call = call_of(
        dtype,
        layout,
        mask_span=mask_span,
        ignores=plan.ignore_index is not None,
        ignored=plan.ignore_index or 0,
        outputs=class_weight[1][0] if class_weight is not None and len(class_weight[1]) == 2 else 1,
        span=span,
        smoothing=plan.label_smoothing,
        **sizes,
    )
    call.values = None if values is None else ctypes.addressof(values)
    return CallTemplate(plan, call, to, values, (of_mask, of_weight))


def prepared_call(template: CallTemplate, labels: Tensor, options: ClassOptions) -> PreparedCall:
    """The call with these labels, options and weights."""
    mask, lengths, class_weight, sample_weight = options[:4]
    of_mask, of_weight = template.shapes
    call = Call.from_buffer_copy(template.call)
    labels, call.labels = side_by_side(labels, torch.int64)
    index = labels.new_empty(labels.numel(), dtype=torch.int32)
    call.index = known_address(index)
    if mask is not None:
        mask, call.mask = side_by_side(mask if of_mask is None else mask.expand(of_mask), torch.bool)
    if lengths is not None:
        lengths, call.lengths = side_by_side(lengths, torch.int64)
    if class_weight is None and sample_weight is None:
        return PreparedCall(call, template.strides, index, (labels, mask, lengths), (), ())
    total = None
    if class_weight is not None:
        class_weight, call.class_weight = side_by_side(class_weight.detach(), torch.float32)
        if call.smoothing:
            total, call.class_total = side_by_side(class_weight.sum(-1), torch.float32)
    if sample_weight is not None:
        sample_weight = sample_weight if of_weight is None else sample_weight.expand(of_weight)
        sample_weight, call.sample_weight = side_by_side(sample_weight.detach(), torch.float32)
    weights = class_weight, total, sample_weight
    return PreparedCall(call, template.strides, index, (labels, mask, lengths), weights, versions(weights))


def _expansion(option: Signature | None, positions: torch.Size) -> tuple[int, torch.Size | None]:
    """For how many positions one value of an option is, and the shape it has to be expanded to, if any."""
    if option is None:
        return 1, None
    axes = len(option[1])
    wanted = positions[:axes]  # an axis of size 1 serves the whole axis
    return positions[axes:].numel(), None if option[1] == wanted else wanted


class _Seen(NamedTuple):
    dtype: torch.dtype
    shape: torch.Size
