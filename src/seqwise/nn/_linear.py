"""Linear layer that multiplies in compiled C where that is faster than torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from seqwise._products import are_quick, multiply
from seqwise._readable import are_plain_cpu_tensors
from seqwise.nn._axes import Float

__all__ = ["Linear"]

_LARGE = 1 << 20
"""Multiply-adds below which the call into compiled C costs more than it saves."""


class Linear(nn.Linear):
    """`torch.nn.Linear`, faster on some processors for float32 tensors on a CPU.

    Examples:
        >>> layer = Linear(256, 72)
        >>> layer(torch.zeros(8, 20, 256)).shape
        torch.Size([8, 20, 72])
    """

    def forward(self, input: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch outputs"]:  # noqa: A002 - torch's name
        """Return the outputs (..., out_features) of (..., in_features)."""
        if not _fits(input, self.weight, self.bias):
            return super().forward(input)
        outputs: Tensor = _Product.apply(input, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return outputs


def _fits(vectors: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    arrays = [array for array in (vectors, weight, bias) if array is not None]
    return (
        vectors.numel() * len(weight) > _LARGE
        and vectors.shape[-1] == weight.shape[1]
        and are_quick()
        and all(array.dtype == torch.float32 for array in arrays)
        and not torch.is_autocast_enabled("cpu")
        and are_plain_cpu_tensors(arrays)
    )


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(vectors, weight)
        rows = vectors.reshape(-1, vectors.shape[-1])
        outputs = multiply(rows, weight.t(), rows.new_empty(len(rows), len(weight)), bias=bias)
        return outputs.view(*vectors.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        vectors, weight = ctx.saved_tensors
        slope, rows = gradient.reshape(-1, gradient.shape[-1]), vectors.reshape(-1, vectors.shape[-1])
        # torch's products for a gradient that is differentiated again
        product = torch.mm if torch.is_grad_enabled() else _new_product
        of_vectors, of_weight, of_bias = ctx.needs_input_grad
        return (
            product(slope, weight).view(vectors.shape) if of_vectors else None,
            product(slope.t(), rows) if of_weight else None,
            slope.sum(0) if of_bias else None,
        )


def _new_product(left: Tensor, right: Tensor) -> Tensor:
    return multiply(left, right, left.new_empty(len(left), right.shape[1]))
