"""Sums, counts and denominators over the ranks of torch.distributed."""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from torch import Tensor, distributed

from seqwise.errors import ConfigError
from seqwise.shapes import shape_message

__all__ = ["GradientReduction", "all_reduce_denominator", "all_reduced"]

GradientReduction = Literal["mean", "sum"]
"""How ranks combine their gradients: DistributedDataParallel and FSDP take the mean."""


def all_reduce_denominator(
    count: float | Tensor, group: Any = None, *, gradients: GradientReduction = "mean"
) -> Tensor:
    """The `denominator` with which the gradients that all ranks combine are those of one process.

    For a mean over everything that counts on all ranks, in all micro-batches of one optimizer step. Of ranks that
    average their gradients, as DistributedDataParallel does, that is the count of all ranks divided by their number:
    with the count itself gradients would be too small by the number of ranks. The loss that a rank then sees is its own
    part times the number of ranks; the mean of these over the ranks is the loss of one process.

    Args:
        count: how many labels count on this rank in all micro-batches of the optimizer step, or the sum of their
            weights where `class_weight` or `sample_weight` is given: `loss_sum(...).count`.
        group: the process group; the default group when not given.
        gradients: how the ranks combine their gradients, `mean` or `sum`.

    Returns:
        A float64 tensor without axes (or in the shape of `count`), to be given to each call as `denominator=`.

    Raises:
        ConfigError: `gradients` is neither.

    Examples:
        >>> all_reduce_denominator(8)  # one process: its own count
        tensor(8., dtype=torch.float64)
    """
    total = torch.as_tensor(count).detach().to(dtype=torch.float64, copy=True)
    if not is_distributed():
        _checked(gradients)
        return total
    if not isinstance(count, Tensor) and distributed.get_backend(group) == "nccl":
        total = total.cuda()
    distributed.all_reduce(total, group=group)
    return total / distributed.get_world_size(group) if _checked(gradients) == "mean" else total


def all_reduced(total: Tensor, count: Tensor, group: Any, gradients: GradientReduction) -> tuple[Tensor, Tensor]:
    """Sum and count of all ranks, the sum attached to the graph of this rank's own."""
    _checked(gradients)
    if not is_distributed():
        return total, count
    ranks = distributed.get_world_size(group) if gradients == "mean" else 1
    reduced: tuple[Tensor, Tensor] = _AllReduced.apply(total, count, group, ranks)  # type: ignore[no-untyped-call]
    return reduced


def is_distributed() -> bool:
    """Whether this process is one of several that torch.distributed knows."""
    return distributed.is_available() and distributed.is_initialized()


class _AllReduced(torch.autograd.Function):
    """The sum over ranks; its gradient is the upstream one, times the ranks where gradients are averaged later."""

    @staticmethod
    def forward(ctx: Any, total: Tensor, count: Tensor, group: Any, ranks: int) -> tuple[Tensor, Tensor]:
        """Both in one collective call, in float64, where counts of any size are exact."""
        both = torch.cat([total.detach().double().flatten(), count.detach().double().flatten()])
        distributed.all_reduce(both, group=group)
        sums, counts = both[: total.numel()], both[total.numel() :]
        reduced = sums.reshape(total.shape).to(total.dtype), counts.reshape(count.shape).to(count.dtype)
        ctx.ranks = ranks
        ctx.mark_non_differentiable(reduced[1])
        return reduced

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, _: Tensor | None) -> tuple[Tensor | None, ...]:
        """The upstream gradient is the same on every rank, so nothing has to be sent."""
        return upstream * ctx.ranks, None, None, None


def _checked(gradients: str) -> str:
    if gradients not in get_args(GradientReduction):
        raise ConfigError(shape_message("all_reduce", f"gradients is {gradients!r}", (), expected="'mean' or 'sum'"))
    return gradients
