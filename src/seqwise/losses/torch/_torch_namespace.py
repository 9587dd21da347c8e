"""torch under the names and meanings that NumPy has, as far as the formulas of the losses use them.

Where torch has one kernel for what takes NumPy several functions, that stands here too: `fused_log_softmax`
and `fused_log_sigmoid`, which the formulas take where a namespace has them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["TorchNamespace"]

Axes = int | tuple[int, ...] | None


class TorchNamespace:
    """The functions of torch by NumPy's names, for tensors of one device.

    Attributes:
        checks_indices: `take_along_axis` refuses an index that is out of range, so that no formula has to look.
    """

    checks_indices = True

    broadcast_to = staticmethod(torch.broadcast_to)
    exp = staticmethod(torch.exp)
    expand_dims = staticmethod(torch.unsqueeze)
    isfinite = staticmethod(torch.isfinite)
    isinf = staticmethod(torch.isinf)
    log = staticmethod(torch.log)
    log1p = staticmethod(torch.log1p)
    fused_log_sigmoid = staticmethod(functional.logsigmoid)
    logical_and = staticmethod(torch.logical_and)
    moveaxis = staticmethod(torch.movedim)
    ones_like = staticmethod(torch.ones_like)
    where = staticmethod(torch.where)
    zeros_like = staticmethod(torch.zeros_like)

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def arange(self, stop: int) -> Tensor:
        """0, 1, ..., stop - 1 on the device of the other tensors."""
        return torch.arange(stop, device=self._device)

    @staticmethod
    def any(array: Tensor, axis: Axes = None) -> Tensor:
        """Whether anything along some axes is true."""
        return array.any() if axis is None else array.any(axis)

    @staticmethod
    def argmax(array: Tensor, axis: int) -> Tensor:
        """Where the largest number along an axis stands."""
        return array.argmax(axis)

    @staticmethod
    def fused_log_softmax(logits: Tensor, axis: int) -> Tensor:
        """The logarithm of softmax, at least in float32; logits are cast inside of the kernel."""
        return logits.log_softmax(axis, dtype=torch.promote_types(logits.dtype, torch.float32))

    @staticmethod
    def max(array: Tensor, axis: int, keepdims: bool = False) -> Tensor:
        """The largest number along an axis, as a constant: the formulas subtract it and add it again."""
        return array.detach().amax(axis, keepdim=keepdims)

    @staticmethod
    def maximum(array: Tensor, least: float) -> Tensor:
        """The array, with a number in place of everything below it."""
        return array.clamp(min=least)

    @staticmethod
    def shape(array: Tensor) -> Sequence[int]:
        """The sizes of the axes."""
        return array.shape

    @staticmethod
    def squeeze(array: Tensor, axis: int) -> Tensor:
        """The array without an axis of size 1."""
        return array.squeeze(axis)

    @staticmethod
    def sum(array: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
        """The sum over some axes, or over all."""
        return array.sum() if axis is None else array.sum(axis, keepdim=keepdims)

    @staticmethod
    def take_along_axis(array: Tensor, index: Tensor, axis: int) -> Tensor:
        """The numbers that an index names along an axis."""
        return array.gather(axis, index)
