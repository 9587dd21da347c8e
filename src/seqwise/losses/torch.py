"""The losses for PyTorch: functions, and modules that store options and call the functions.

What shapes, options and edge cases mean is said once, in `seqwise.losses`. Everything here differentiates,
twice too, and works under `torch.compile(fullgraph=True)`, `torch.func` and autocast. A GPU is never waited for:
values are looked at only for tensors on the CPU, outside of traces. Masks, lengths and weights may be tensors on
any device, or lists; they are copied to the device of the logits where they are not there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from seqwise.errors import ConfigError, listed
from seqwise.losses import _torch_terms as at_every_position
from seqwise.losses._plan import Reduction
from seqwise.losses._torch_terms import Terms

__all__ = [
    "BinaryCrossEntropyLoss",
    "CrossEntropyLoss",
    "LossSum",
    "binary_cross_entropy",
    "cross_entropy",
    "loss_sum",
]


@dataclass(frozen=True)
class LossSum:
    """A sum of losses and the number to divide it by: what adds up exactly over micro-batches and ranks.

    Attributes:
        sum: the sum of the losses that count, attached to the graph.
        count: the sum of the weights of what counts; without weights, how many labels count.

    Example:
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

    def mean(self) -> Tensor:
        """The sum divided by the count; 0, still attached to the graph, where the count is 0."""
        nothing = self.count == 0
        return torch.where(nothing, 0.0, self.sum / torch.where(nothing, 1.0, self.count))


def cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    class_axis: int = -1,
    mask: Tensor | None = None,
    lengths: Tensor | None = None,
    ignore_index: int | None = None,
    label_values: Sequence[int] | None = None,
    class_weight: Tensor | None = None,
    sample_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
    reduction: Reduction = "mean",
    denominator: float | Tensor | None = None,
) -> Tensor:
    """Cross-entropy of labels that are one of C classes: per sequence, per step, or for each of K outputs.

    Args:
        logits: (batch, ..., classes) floats.
        labels: (batch, ...) integers, or the shape of the logits for one-hot and soft labels (floats).
        class_axis: where the classes are; 1 for torch's own layout (batch, classes, ...).
        mask: (batch, ...) booleans, or the first axes of it; True = this label counts.
        lengths: (batch,) integers; the first `lengths[b]` steps of axis 1 of the labels count.
        ignore_index: labels with this value do not count.
        label_values: the label of each class, such as (-1, 0, 1); class indices when not given.
        class_weight: (classes,) or (outputs, classes).
        sample_weight: (batch, ...), or the first axes of it.
        label_smoothing: the share of each label spread evenly over the classes, 0..1.
        from_logits: False when `logits` are probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.
        denominator: replaces the divisor of a mean.

    Returns:
        A scalar; the shape of (batch, ...) for `none`; (outputs,) for `per_output`. At least float32.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a label is out of range (tensors on the CPU).

    Example:
        >>> logits = torch.tensor([[[2.0, 0.0], [0.0, 0.0], [9.0, 9.0]]])
        >>> cross_entropy(logits, torch.tensor([[0, 1, 77]]), lengths=torch.tensor([2]))
        tensor(0.4100)

    The contract is in `seqwise.losses`.
    """
    terms = at_every_position.cross_entropy(
        logits,
        labels,
        class_axis=class_axis,
        mask=mask,
        lengths=lengths,
        ignore_index=ignore_index,
        label_values=label_values,
        class_weight=class_weight,
        sample_weight=sample_weight,
        label_smoothing=label_smoothing,
        from_logits=from_logits,
    )
    return _reduced(terms, reduction, denominator)


def binary_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    mask: Tensor | None = None,
    lengths: Tensor | None = None,
    ignore_index: int | None = None,
    pos_weight: Tensor | None = None,
    sample_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    from_logits: bool = True,
    reduction: Reduction = "mean",
    denominator: float | Tensor | None = None,
) -> Tensor:
    """Cross-entropy of yes-or-no labels, any number of which may be yes.

    Args:
        logits: (batch, labels) or (batch, time, labels) floats.
        labels: the shape of the logits; booleans, integers 0 and 1, or floats from 0 to 1.
        mask: the shape of the labels, or the first axes of it; True = this label counts.
        lengths: (batch,) integers; the first `lengths[b]` steps of axis 1 count.
        ignore_index: labels with this value do not count.
        pos_weight: (labels,) factors on the loss of a yes; they do not enter the divisor.
        sample_weight: the shape of the labels, or the first axes of it.
        label_smoothing: the share of each label spread evenly over yes and no, 0..1.
        from_logits: False when `logits` are probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.
        denominator: replaces the divisor of a mean.

    Returns:
        A scalar; the shape of the labels for `none`; (labels,) for `per_output`. At least float32.

    Raises:
        ShapeError, DtypeError, ConfigError: arrays or options do not fit together.
        ValuesError: a label is out of range (tensors on the CPU).

    Example:
        >>> binary_cross_entropy(torch.tensor([[0.0, 5.0]]), torch.tensor([[1, -1]]), ignore_index=-1)
        tensor(0.6931)

    The contract is in `seqwise.losses`.
    """
    terms = at_every_position.binary_cross_entropy(
        logits,
        labels,
        mask=mask,
        lengths=lengths,
        ignore_index=ignore_index,
        pos_weight=pos_weight,
        sample_weight=sample_weight,
        label_smoothing=label_smoothing,
        from_logits=from_logits,
    )
    return _reduced(terms, reduction, denominator)


class CrossEntropyLoss(nn.Module):
    """`cross_entropy` with its options stored; what belongs to one batch is given with the batch.

    Args:
        class_axis: as for `cross_entropy`, like all that follow.
        ignore_index: labels with this value do not count.
        label_values: the label of each class.
        class_weight: (classes,) or (outputs, classes); moves with the module, is not saved with it.
        label_smoothing: the share of each label spread evenly over the classes.
        from_logits: False when the model gives probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.

    Example:
        >>> loss = CrossEntropyLoss(label_values=(-1, 0, 1))
        >>> loss(torch.zeros(8, 47, 3), torch.full((8, 47), -1))
        tensor(1.0986)
    """

    class_weight: Tensor | None

    def __init__(
        self,
        *,
        class_axis: int = -1,
        ignore_index: int | None = None,
        label_values: Sequence[int] | None = None,
        class_weight: Tensor | None = None,
        label_smoothing: float = 0.0,
        from_logits: bool = True,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        self.class_axis = class_axis
        self.ignore_index = ignore_index
        self.label_values = label_values
        self.label_smoothing = label_smoothing
        self.from_logits = from_logits
        self.reduction = reduction
        weight = None if class_weight is None else torch.as_tensor(class_weight)
        self.register_buffer("class_weight", weight, persistent=False)

    def forward(
        self,
        logits: Tensor,
        labels: Tensor,
        *,
        mask: Tensor | None = None,
        lengths: Tensor | None = None,
        sample_weight: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """The loss of a batch; see `cross_entropy`."""
        return cross_entropy(
            logits,
            labels,
            class_axis=self.class_axis,
            mask=mask,
            lengths=lengths,
            ignore_index=self.ignore_index,
            label_values=self.label_values,
            class_weight=self.class_weight,
            sample_weight=sample_weight,
            label_smoothing=self.label_smoothing,
            from_logits=self.from_logits,
            reduction=self.reduction,
            denominator=denominator,
        )


class BinaryCrossEntropyLoss(nn.Module):
    """`binary_cross_entropy` with its options stored; what belongs to one batch is given with the batch.

    Args:
        ignore_index: as for `binary_cross_entropy`, like all that follow.
        pos_weight: (labels,) factors on the loss of a yes; moves with the module, is not saved with it.
        label_smoothing: the share of each label spread evenly over yes and no.
        from_logits: False when the model gives probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.

    Example:
        >>> BinaryCrossEntropyLoss()(torch.zeros(2, 3), torch.ones(2, 3))
        tensor(0.6931)
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        pos_weight: Tensor | None = None,
        label_smoothing: float = 0.0,
        from_logits: bool = True,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.from_logits = from_logits
        self.reduction = reduction
        weight = None if pos_weight is None else torch.as_tensor(pos_weight)
        self.register_buffer("pos_weight", weight, persistent=False)

    def forward(
        self,
        logits: Tensor,
        labels: Tensor,
        *,
        mask: Tensor | None = None,
        lengths: Tensor | None = None,
        sample_weight: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """The loss of a batch; see `binary_cross_entropy`."""
        return binary_cross_entropy(
            logits,
            labels,
            mask=mask,
            lengths=lengths,
            ignore_index=self.ignore_index,
            pos_weight=self.pos_weight,
            sample_weight=sample_weight,
            label_smoothing=self.label_smoothing,
            from_logits=self.from_logits,
            reduction=self.reduction,
            denominator=denominator,
        )


_TERMS: dict[Callable[..., Tensor], Callable[..., Terms]] = {
    cross_entropy: at_every_position.cross_entropy,
    binary_cross_entropy: at_every_position.binary_cross_entropy,
}


def loss_sum(loss: Callable[..., Tensor], logits: Tensor, labels: Tensor, **options: Any) -> LossSum:
    """The sum of a loss and the divisor of its mean, to be added over micro-batches, ranks or an epoch.

    `loss_sum(loss, ...).mean()` is exactly `loss(..., reduction="mean")`.

    Args:
        loss: a loss function of this module.
        logits: as for the loss.
        labels: as for the loss.
        **options: as for the loss, but for `reduction` and `denominator`.

    Raises:
        ConfigError: the loss is not one of this module.

    Example:
        >>> logits, labels = torch.zeros(2, 3, 2), torch.tensor([[0, 1, 0], [1, 0, 0]])
        >>> part = loss_sum(cross_entropy, logits, labels, lengths=torch.tensor([3, 1]))
        >>> (part + part).count
        tensor(8.)
    """
    if loss not in _TERMS:
        names = listed(known.__name__ for known in _TERMS)
        raise ConfigError(f"loss_sum: {loss!r} is not a loss of seqwise.losses.torch\n  expected: one of {names}")
    return _total(_TERMS[loss](logits, labels, **options))


def _total(terms: Terms) -> LossSum:
    return LossSum(terms.losses.sum(), terms.weights.sum())


def _reduced(terms: Terms, reduction: Reduction, denominator: float | Tensor | None) -> Tensor:
    """One number, or what `reduction` asks for."""
    terms.plan.check_reduction(reduction, denominator)
    if reduction == "none":
        return terms.losses
    total = _summed(terms, reduction)
    if reduction == "sum":
        return total.sum
    if denominator is not None:
        total = LossSum(total.sum, _as_count(denominator, total.sum))
    return total.mean()


def _as_count(denominator: float | Tensor, like: Tensor) -> Tensor:
    """The denominator as a tensor; a number is filled in on the device, since copying it there would synchronise."""
    if isinstance(denominator, Tensor):
        return denominator.to(like)
    return torch.full_like(like, denominator)


def _summed(terms: Terms, reduction: Reduction) -> LossSum:
    """Sum and divisor of a reduction."""
    if reduction == "per_output":
        outer = terms.plan.within_output
        return LossSum(terms.losses.sum(outer), terms.weights.sum(outer))
    if reduction == "batch_mean":
        return LossSum(terms.losses.sum(), _sequences(terms))
    if reduction == "sequence_mean":
        inner = terms.plan.within_sequence
        own = LossSum(_sum(terms.losses, inner), _sum(terms.weights, inner)).mean()  # (batch,)
        return LossSum(own.sum(), _sequences(terms))
    return _total(terms)


def _sum(values: Tensor, axes: tuple[int, ...]) -> Tensor:
    return values.sum(axes) if axes else values


def _sequences(terms: Terms) -> Tensor:
    """How many sequences have something that counts."""
    inner = terms.plan.within_sequence
    counts = torch.ones_like(terms.losses, dtype=torch.bool) if terms.counts is None else terms.counts
    return (counts.any(inner) if inner else counts).sum().to(terms.losses.dtype)
