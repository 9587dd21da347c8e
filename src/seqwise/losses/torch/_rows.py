"""Labels, masks and weights of a call -> what the compiled code reads, or nothing where a value may be wrong."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from seqwise.losses._kernels.cross_entropy import Rows, class_index
from seqwise.losses._plan import Plan

__all__ = ["class_rows"]

MOST_LABEL_VALUES = 64
"""Label values are looked for one by one; more of them are mapped faster by torch."""


def class_rows(
    plan: Plan,
    labels: Tensor,
    mask: Tensor | None,
    lengths: Tensor | None,
    class_weight: Tensor | None,
    sample_weight: Tensor | None,
) -> Rows | None:
    """The class of each position and its weights; None where the plain path has to look.

    That is where a label, length or weight may be wrong, so that the error is worded in one place.
    """
    if plan.label_values is not None and len(plan.label_values) > MOST_LABEL_VALUES:
        return None
    positions = labels.shape
    allowed, mask_span = _spread(mask, positions, torch.bool)
    weight, span = _spread(sample_weight, positions, torch.float32)
    by_class = None if class_weight is None else class_weight.detach().to(torch.float32).contiguous()
    index = class_index(
        labels.to(torch.int64).contiguous(),
        sequences=(positions[0], positions[1], math.prod(positions[2:])) if lengths is not None else None,
        mask=allowed,
        mask_span=mask_span,
        lengths=None if lengths is None else lengths.to(torch.int64).contiguous(),
        ignored=plan.ignore_index,
        values=plan.label_values,
        classes=plan.classes or 0,
        class_weight=by_class,
        sample_weight=weight,
        span=span,
    )
    if index is None:
        return None
    outputs = positions[-1] if by_class is not None and by_class.dim() == 2 else 1
    return Rows(index, by_class, outputs, weight, span, plan.label_smoothing)


def _spread(option: Tensor | None, positions: torch.Size, dtype: torch.dtype) -> tuple[Tensor | None, int]:
    """The option side by side, and for how many positions one value of it is."""
    if option is None:
        return None, 1
    axes = option.dim()
    if option.shape != positions[:axes]:  # an axis of size 1 serves the whole axis
        option = option.expand(positions[:axes])
    return option.detach().to(dtype).contiguous(), math.prod(positions[axes:])
