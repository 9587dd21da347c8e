"""Masks from lengths; selection, left-alignment and reversal of the positions that count.

Everything here is a fixed graph of tensor operations: no value is read back from the device and no Python
branch depends on one, so it runs under torch.compile and torch.export. Lengths are therefore not checked: one
beyond the time axis means the whole axis, a negative one means zero steps.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seqwise.nn._arguments import require_positions
from seqwise.nn._axes import Bool, Float, Integer

__all__ = ["compact_positions", "counted_positions", "inverse", "reversal", "selected", "taken"]


def counted_positions(
    call: str, steps: Tensor, *, lengths: Tensor | None, mask: Tensor | None
) -> Bool[Tensor, "batch time"]:
    """Return the mask given by lengths or by a mask; all True with neither.

    Args:
        call: the caller's name, for errors.
        steps: (batch, time, ...) the array that the mask is for.
        lengths: (batch,) integers; the first `lengths[b]` steps of row b count.
        mask: (batch, time) booleans, True = counts.

    Returns:
        (batch, time) booleans on the device of `steps`.

    Raises:
        UsageError: both were given.
        DtypeError: lengths are not integers, or the mask is not boolean.
        ShapeError: lengths are not (batch,), or the mask is not (batch, time).

    Examples:
        >>> counted_positions("example", torch.zeros(2, 3), lengths=torch.tensor([2, 0]), mask=None).tolist()
        [[True, True, False], [False, False, False]]
    """
    batch, time = steps.shape[:2]
    require_positions(call, (batch, time), lengths, mask)
    if mask is not None:
        return mask.to(steps.device)
    if lengths is None:
        return torch.ones(batch, time, dtype=torch.bool, device=steps.device)
    return torch.arange(time, device=steps.device) < lengths.to(steps.device)[:, None]


def selected(
    steps: Float[Tensor, "batch time features"], counted: Bool[Tensor, "batch time"]
) -> Float[Tensor, "batch time features"]:
    """Return `steps` where they count and exact zeros elsewhere; NaN there reaches neither value nor gradient.

    Examples:
        >>> selected(torch.tensor([[[1.0], [torch.nan]]]), torch.tensor([[True, False]])).tolist()
        [[[1.0], [0.0]]]
    """
    return torch.where(counted[:, :, None], steps, 0.0)


def compact_positions(counted: Bool[Tensor, "batch time"]) -> Integer[Tensor, "batch time"]:
    """Return the position of each step after left-alignment: those that count first, in order, then the others.

    Examples:
        >>> compact_positions(torch.tensor([[False, True, False, True]])).tolist()
        [[2, 0, 3, 1]]
    """
    front = counted.cumsum(dim=1) - 1
    back = counted.sum(dim=1, keepdim=True) + (~counted).cumsum(dim=1) - 1
    return torch.where(counted, front, back)


def inverse(positions: Integer[Tensor, "batch time"]) -> Integer[Tensor, "batch time"]:
    """Return the permutation that undoes `positions`, row by row.

    Examples:
        >>> inverse(torch.tensor([[2, 0, 3, 1]])).tolist()
        [[1, 3, 0, 2]]
    """
    order = torch.arange(positions.shape[1], device=positions.device).expand_as(positions)
    return torch.empty_like(positions).scatter(1, positions, order)


def reversal(left_aligned: Bool[Tensor, "batch time"]) -> Integer[Tensor, "batch time"]:
    """Return the permutation that reverses the counted steps at the left of each row; it is its own inverse.

    Examples:
        >>> reversal(torch.tensor([[True, True, True, False]])).tolist()
        [[2, 1, 0, 3]]
    """
    order = torch.arange(left_aligned.shape[1], device=left_aligned.device)
    last = left_aligned.sum(dim=1, keepdim=True) - 1
    return torch.where(left_aligned, last - order, order)


def taken(
    steps: Float[Tensor, "batch time features"], positions: Integer[Tensor, "batch time"]
) -> Float[Tensor, "batch time features"]:
    """Return the steps at these positions of each row.

    Examples:
        >>> taken(torch.tensor([[[1.0], [2.0]]]), torch.tensor([[1, 0]])).tolist()
        [[[2.0], [1.0]]]
    """
    return steps.gather(1, positions[:, :, None].expand_as(steps))
