"""The losses as modules: they store options and call the functions."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from seqwise.losses._call_options import known_options
from seqwise.losses._plan import Reduction
from seqwise.losses.torch._torch_losses import (
    binary_cross_entropy,
    cross_entropy,
    focal_loss,
    linear_cross_entropy,
    ordinal_loss,
)

__all__ = ["BinaryCrossEntropyLoss", "CrossEntropyLoss", "FocalLoss", "LinearCrossEntropyLoss", "OrdinalLoss"]


class _Loss(nn.Module):
    """Stores the options of a loss: as attributes, and the weight of classes or labels as a buffer that is not saved.

    The options of a class are the keywords of its `__init__`.
    """

    _options: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if _Loss in cls.__bases__:  # a subclass of a user's may have other arguments
            cls._options = tuple(inspect.signature(cls).parameters)

    def __init__(self, **options: Any) -> None:
        super().__init__()
        for name, value in options.items():
            if name.endswith("_weight"):
                self.register_buffer(name, None if value is None else torch.as_tensor(value), persistent=False)
            else:
                setattr(self, name, value)

    def _stored(self) -> dict[str, Any]:
        """The options, by name."""
        return {name: getattr(self, name) for name in self._options}


class CrossEntropyLoss(_Loss):
    """`cross_entropy` with its options stored; `forward` takes the arrays of a batch.

    Args:
        class_axis: as for `cross_entropy`, like all that follow.
        ignore_index: labels with this value do not count.
        label_values: the label of each class.
        class_weight: (classes,) or (outputs, classes); moves with the module, is not saved with it.
        label_smoothing: the fraction of each label spread evenly over the classes.
        from_logits: False when the model gives probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.

    Examples:
        >>> loss = CrossEntropyLoss(label_values=(-1, 0, 1))
        >>> loss(torch.zeros(8, 47, 3), torch.full((8, 47), -1))
        tensor(1.0986)
    """

    class_weight: Tensor | None

    @known_options
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
        super().__init__(
            class_axis=class_axis,
            ignore_index=ignore_index,
            label_values=label_values,
            class_weight=class_weight,
            label_smoothing=label_smoothing,
            from_logits=from_logits,
            reduction=reduction,
        )

    @known_options
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
            mask=mask,
            lengths=lengths,
            sample_weight=sample_weight,
            denominator=denominator,
            **self._stored(),
        )


class FocalLoss(_Loss):
    """`focal_loss` with its options stored; `forward` takes the arrays of a batch.

    Args:
        gamma: as for `focal_loss`, like all that follow.
        class_axis: where the classes are.
        ignore_index: labels with this value do not count.
        label_values: the label of each class.
        class_weight: (classes,) or (outputs, classes); moves with the module, is not saved with it.
        label_smoothing: the fraction of each label spread evenly over the classes.
        from_logits: False when the model gives probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.

    Examples:
        >>> loss = FocalLoss(gamma=0.5, from_logits=False, reduction="none")
        >>> loss(torch.tensor([[0.75, 0.25], [0.25, 0.75]]), torch.tensor([0, 0]))
        tensor([0.1438, 1.2006])
    """

    class_weight: Tensor | None

    @known_options
    def __init__(
        self,
        *,
        gamma: float = 2.0,
        class_axis: int = -1,
        ignore_index: int | None = None,
        label_values: Sequence[int] | None = None,
        class_weight: Tensor | None = None,
        label_smoothing: float = 0.0,
        from_logits: bool = True,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(
            gamma=gamma,
            class_axis=class_axis,
            ignore_index=ignore_index,
            label_values=label_values,
            class_weight=class_weight,
            label_smoothing=label_smoothing,
            from_logits=from_logits,
            reduction=reduction,
        )

    @known_options
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
        """The loss of a batch; see `focal_loss`."""
        return focal_loss(
            logits,
            labels,
            mask=mask,
            lengths=lengths,
            sample_weight=sample_weight,
            denominator=denominator,
            **self._stored(),
        )


class OrdinalLoss(_Loss):
    """`ordinal_loss` with its options stored; `forward` takes the arrays of a batch.

    Args:
        class_axis: as for `ordinal_loss`, like all that follow.
        ignore_index: labels with this value do not count.
        label_values: the label of each class.
        class_weight: (classes,) or (outputs, classes); moves with the module, is not saved with it.
        label_smoothing: the fraction of each label spread evenly over the classes.
        from_logits: False when the model gives probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.

    Examples:
        >>> loss = OrdinalLoss(label_values=(-1, 0, 1))
        >>> loss(torch.zeros(8, 47, 3), torch.full((8, 47), -1))
        tensor(1.5041)
    """

    class_weight: Tensor | None

    @known_options
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
        super().__init__(
            class_axis=class_axis,
            ignore_index=ignore_index,
            label_values=label_values,
            class_weight=class_weight,
            label_smoothing=label_smoothing,
            from_logits=from_logits,
            reduction=reduction,
        )

    @known_options
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
        """The loss of a batch; see `ordinal_loss`."""
        return ordinal_loss(
            logits,
            labels,
            mask=mask,
            lengths=lengths,
            sample_weight=sample_weight,
            denominator=denominator,
            **self._stored(),
        )


class LinearCrossEntropyLoss(_Loss):
    """`linear_cross_entropy` with its options stored; the head's weight and bias are given with the batch.

    Args:
        ignore_index: as for `linear_cross_entropy`, like all that follow.
        label_values: the label of each class.
        class_weight: (classes,) or (outputs, classes); moves with the module, is not saved with it.
        label_smoothing: the fraction of each label spread evenly over the classes.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.

    Examples:
        >>> loss, head = LinearCrossEntropyLoss(label_values=(-1, 0, 1)), nn.Linear(16, 3)
        >>> loss(torch.zeros(8, 16), head.weight, torch.full((8,), -1)).detach()
        tensor(1.0986)
    """

    class_weight: Tensor | None

    @known_options
    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        label_values: Sequence[int] | None = None,
        class_weight: Tensor | None = None,
        label_smoothing: float = 0.0,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(
            ignore_index=ignore_index,
            label_values=label_values,
            class_weight=class_weight,
            label_smoothing=label_smoothing,
            reduction=reduction,
        )

    @known_options
    def forward(
        self,
        hidden: Tensor,
        weight: Tensor,
        labels: Tensor,
        *,
        bias: Tensor | None = None,
        mask: Tensor | None = None,
        lengths: Tensor | None = None,
        sample_weight: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """The loss of a batch; see `linear_cross_entropy`."""
        return linear_cross_entropy(
            hidden,
            weight,
            labels,
            bias=bias,
            mask=mask,
            lengths=lengths,
            sample_weight=sample_weight,
            denominator=denominator,
            **self._stored(),
        )


class BinaryCrossEntropyLoss(_Loss):
    """`binary_cross_entropy` with its options stored; `forward` takes the arrays of a batch.

    Args:
        ignore_index: as for `binary_cross_entropy`, like all that follow.
        pos_weight: (labels,) factors on the loss of a yes, or one number for all labels; moves with the module, is
            not saved with it.
        label_smoothing: the fraction of each label spread evenly over yes and no.
        from_logits: False when the model gives probabilities.
        reduction: none, sum, mean, sequence_mean, batch_mean or per_output.

    Examples:
        >>> BinaryCrossEntropyLoss()(torch.zeros(2, 3), torch.ones(2, 3))
        tensor(0.6931)
    """

    pos_weight: Tensor | None

    @known_options
    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        pos_weight: Tensor | None = None,
        label_smoothing: float = 0.0,
        from_logits: bool = True,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(
            ignore_index=ignore_index,
            pos_weight=pos_weight,
            label_smoothing=label_smoothing,
            from_logits=from_logits,
            reduction=reduction,
        )

    @known_options
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
            sample_weight=sample_weight,
            denominator=denominator,
            **self._stored(),
        )
