"""Losses at every position -> one number, or the pair of a sum and what to divide it by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seqwise.losses import _array_formulas as _formulas
from seqwise.losses._array_terms import Terms
from seqwise.losses._loss_options import Averaging
from seqwise.losses._plan import SUM_AND_COUNT
from seqwise.losses.torch._ranks import GradientReduction, all_reduced
from seqwise.losses.torch._torch_namespace import TorchNamespace

__all__ = ["LossSum", "as_count", "reduced"]


@dataclass(frozen=True)
class LossSum:
    """A sum of losses and the number to divide it by. Such pairs add up exactly over micro-batches and ranks.

    Attributes:
        sum: the sum of the losses that count, attached to the graph.
        count: the sum of the weights of the labels that count; without weights, their number.

    Examples:
        >>> short = LossSum(torch.tensor(3.0), torch.tensor(1.0))
        >>> long = LossSum(torch.tensor(1.0), torch.tensor(3.0))
        >>> sum([short, long]).mean()
        tensor(1.)
    """

    sum: Tensor
    count: Tensor

    def __add__(self, other: LossSum) -> LossSum:
        return LossSum(self.sum + other.sum, self.count + other.count)

    def __radd__(self, zero: int) -> LossSum:
        """`sum(parts)` starts from the number 0."""
        return self if zero == 0 else NotImplemented

    def all_reduce(self, group: Any = None, *, gradients: GradientReduction = "mean") -> LossSum:
        """The sum and the count of all ranks, the same on each: its `mean()` is that of one process.

        A mean of each rank's own mean would weigh a rank with one label as much as one with a thousand. Call
        `backward()` on what `mean()` gives: the gradients that the ranks then average, as DistributedDataParallel and
        FSDP do, are exactly those of one process with the batches of all ranks. A rank with nothing that counts adds
        (0, 0). One collective call; none where torch.distributed is not initialised, which is one process.

        Args:
            group: the process group; the default group when not given.
            gradients: how the ranks combine their gradients afterwards, `mean` or `sum`.

        Raises:
            ConfigError: `gradients` is neither.

        Examples:
            >>> part = LossSum(torch.tensor(3.0), torch.tensor(2.0))
            >>> part.all_reduce().mean()  # one process
            tensor(1.5000)
        """
        return LossSum(*all_reduced(self.sum, self.count, group, gradients))

    def mean(self) -> Tensor:
        """The sum divided by the count; 0, still attached to the graph, where the count is 0."""
        mean: Tensor = _formulas.divided(self.sum, self.count, xp=TorchNamespace(self.sum.device))
        return mean


def reduced(terms: Terms, averaging: Averaging) -> Any:
    """The result of a reduction; a `LossSum` for `loss_sum`."""
    reduction, denominator = averaging
    xp = TorchNamespace(terms.losses.device)
    if reduction is SUM_AND_COUNT:
        return LossSum(*_formulas.summed(*terms, "mean", xp=xp))
    terms.plan.check_reduction(reduction, denominator)
    if reduction == "none":
        return terms.losses
    total = LossSum(*_formulas.summed(*terms, reduction, xp=xp))
    if reduction == "sum":
        return total.sum
    if denominator is not None:
        total = LossSum(total.sum, as_count(denominator, total.sum))
    return total.mean()


def as_count(denominator: float | Tensor, like: Tensor) -> Tensor:
    """The denominator as a tensor; a number is filled in on the device, since copying it there would synchronise."""
    if isinstance(denominator, int | float):
        return torch.full_like(like, denominator)
    return torch.as_tensor(denominator).to(like)
