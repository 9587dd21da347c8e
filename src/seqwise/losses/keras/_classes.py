"""The losses as keras.losses.Loss: they store options and call the functions.

Keras's own `Loss.__call__` makes floats of labels, and averages; ours does neither.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.src.backend import get_keras_mask  # Keras has no public name for it

from seqwise.losses._call_options import known_options
from seqwise.losses._plan import Reduction
from seqwise.losses.keras._keras_framework import KERAS, LossSum, Tensor, as_numpy
from seqwise.losses.keras._keras_losses import (
    binary_cross_entropy,
    cross_entropy,
    focal_loss,
    loss_sum,
    ordinal_loss,
)

__all__ = ["BinaryCrossEntropyLoss", "CrossEntropyLoss", "FocalLoss", "Loss", "OrdinalLoss"]

_saved: Callable[[type], type] = keras.saving.register_keras_serializable(package="seqwise")


class Loss(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """The base class of the losses: a function and its options, called and saved as Keras does it."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        reduction: Reduction,
        denominator: float | None,
        name: str | None,
        **options: Any,
    ) -> None:
        super().__init__(name=name)
        self.reduction = reduction  # not given to Keras, which knows others
        self.denominator = denominator
        self._function = function
        self._options = options

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """The loss of a batch.

        Args:
            y_true: the labels.
            y_pred: the logits; where Keras sends a mask along with them, it counts.
            sample_weight: numbers are weights, booleans are a mask.
        """
        given = self._given(y_true, y_pred, sample_weight)
        loss = self._function(**given, reduction=self.reduction, denominator=self.denominator)
        divided_here = self.reduction not in ("none", "sum") and self.denominator is None
        return loss / _replicas() if divided_here else loss

    def loss_sum(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> LossSum:
        """The sum of the loss of a batch and the divisor of its mean, whatever the reduction: they add up exactly."""
        return loss_sum(self._function, **self._given(y_true, y_pred, sample_weight))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same loss again."""
        return {"name": self.name, "reduction": self.reduction, "denominator": self.denominator, **self._options}

    def _given(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None) -> dict[str, Any]:
        """The arguments of the function: those that are stored, and what came with the batch."""
        mask = get_keras_mask(y_pred)
        mask = None if mask is None else ops.cast(mask, "bool")
        if sample_weight is not None:
            sample_weight = KERAS.array(sample_weight)
            if keras.backend.standardize_dtype(sample_weight.dtype) == "bool":
                mask, sample_weight = _both(mask, sample_weight), None
        labels = _unaveraged(y_true, y_pred)
        return {**self._options, "logits": y_pred, "labels": labels, "mask": mask, "sample_weight": sample_weight}


def _both(mask: Tensor | None, more: Tensor) -> Tensor:
    """Where both masks are on, with axes matched from the batch on."""
    if mask is None:
        return more
    missing = len(more.shape) - len(mask.shape)
    for _ in range(abs(missing)):
        mask, more = (ops.expand_dims(mask, -1), more) if missing > 0 else (mask, ops.expand_dims(more, -1))
    return ops.logical_and(mask, more)


def _replicas() -> int:
    """How many replicas of a tf.distribute strategy there are; TensorFlow sums their gradients."""
    if keras.backend.backend() != "tensorflow":
        return 1
    replicas: int = sys.modules["tensorflow"].distribute.get_strategy().num_replicas_in_sync
    return replicas


def _unaveraged(labels: Tensor, logits: Tensor) -> Tensor:
    """Class indices as integers, where Keras builds a model for several replicas with the mean of their labels."""
    if keras.backend.backend() != "tensorflow" or not sys.modules["tensorflow"].distribute.in_cross_replica_context():
        return labels
    return ops.cast(labels, "int64") if len(labels.shape) < len(logits.shape) else labels


def _listed(weights: Tensor | None) -> Any:
    """Weights as numbers that a config can hold."""
    if weights is None:
        return None
    return (as_numpy(weights) if ops.is_tensor(weights) else np.asarray(weights)).tolist()


@_saved
class CrossEntropyLoss(Loss):
    """`cross_entropy` for `compile(loss=...)`: y_true are the labels, y_pred the logits, classes last.

    A model that was saved with it is loaded after `import seqwise.losses.keras`.

    Args:
        class_axis: as for `cross_entropy`, like all that follow.
        ignore_index: labels with this value do not count.
        label_values: the label of each class.
        class_weight: (classes,) or (outputs, classes).
        label_smoothing: the fraction of each label spread evenly over the classes.
        from_logits: False when the model gives probabilities, as with activation="softmax".
        reduction: sum, mean, sequence_mean or batch_mean; in calls of one's own also none and per_output.
        denominator: one number that replaces the divisor of the mean of every batch.
        name: its name in Keras.

    Examples:
        >>> loss = CrossEntropyLoss(label_values=(-1, 0, 1))
        >>> round(float(loss(np.full((8, 47), -1), np.zeros((8, 47, 3)))), 4)
        1.0986
    """

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
        denominator: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            cross_entropy,
            class_axis=class_axis,
            ignore_index=ignore_index,
            label_values=None if label_values is None else list(label_values),
            class_weight=_listed(class_weight),
            label_smoothing=label_smoothing,
            from_logits=from_logits,
            reduction=reduction,
            denominator=denominator,
            name=name,
        )


@_saved
class FocalLoss(Loss):
    """`focal_loss` for `compile(loss=...)`: y_true are the labels, y_pred the logits, classes last.

    A model that was saved with it is loaded after `import seqwise.losses.keras`.

    Args:
        gamma: as for `focal_loss`, like all that follow; 0 or more.
        class_axis: where the classes are.
        ignore_index: labels with this value do not count.
        label_values: the label of each class.
        class_weight: (classes,) or (outputs, classes).
        label_smoothing: the fraction of each label spread evenly over the classes.
        from_logits: False when the model gives probabilities, as with activation="softmax".
        reduction: sum, mean, sequence_mean or batch_mean; in calls of one's own also none and per_output.
        denominator: one number that replaces the divisor of the mean of every batch.
        name: its name in Keras.

    Examples:
        >>> loss = FocalLoss(from_logits=False)
        >>> round(float(loss(np.array([0]), np.array([[0.9, 0.1]]))), 6)
        0.001054
    """

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
        denominator: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            focal_loss,
            gamma=gamma,
            class_axis=class_axis,
            ignore_index=ignore_index,
            label_values=None if label_values is None else list(label_values),
            class_weight=_listed(class_weight),
            label_smoothing=label_smoothing,
            from_logits=from_logits,
            reduction=reduction,
            denominator=denominator,
            name=name,
        )


@_saved
class OrdinalLoss(Loss):
    """`ordinal_loss` for `compile(loss=...)`: y_true are the labels, y_pred the logits, classes in their order.

    A model that was saved with it is loaded after `import seqwise.losses.keras`.

    Args:
        class_axis: as for `ordinal_loss`, like all that follow.
        ignore_index: labels with this value do not count.
        label_values: the label of each class, in their order.
        class_weight: (classes,) or (outputs, classes).
        label_smoothing: the fraction of each label spread evenly over the classes.
        from_logits: False when the model gives probabilities, as with activation="softmax".
        reduction: sum, mean, sequence_mean or batch_mean; in calls of one's own also none and per_output.
        denominator: one number that replaces the divisor of the mean of every batch.
        name: its name in Keras.

    Examples:
        >>> loss = OrdinalLoss(label_values=(-1, 0, 1), reduction="none")
        >>> [round(float(cost), 2) for cost in loss(np.array([-1, 0, 1]), np.array([[2.0, 0.0, -2.0]] * 3))]
        [0.16, 2.03, 6.16]
    """

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
        denominator: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            ordinal_loss,
            class_axis=class_axis,
            ignore_index=ignore_index,
            label_values=None if label_values is None else list(label_values),
            class_weight=_listed(class_weight),
            label_smoothing=label_smoothing,
            from_logits=from_logits,
            reduction=reduction,
            denominator=denominator,
            name=name,
        )


@_saved
class BinaryCrossEntropyLoss(Loss):
    """`binary_cross_entropy` for `compile(loss=...)`: y_true are the labels, y_pred the logits.

    A model that was saved with it is loaded after `import seqwise.losses.keras`.

    Args:
        ignore_index: as for `binary_cross_entropy`, like all that follow.
        pos_weight: (labels,) factors on the loss of a yes, or one number for all labels.
        label_smoothing: the fraction of each label spread evenly over yes and no.
        from_logits: False when the model gives probabilities, as with activation="sigmoid".
        reduction: sum, mean, sequence_mean or batch_mean; in calls of one's own also none and per_output.
        denominator: one number that replaces the divisor of the mean of every batch.
        name: its name in Keras.

    Examples:
        >>> round(float(BinaryCrossEntropyLoss()(np.ones((2, 3)), np.zeros((2, 3)))), 4)
        0.6931
    """

    @known_options
    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        pos_weight: Tensor | None = None,
        label_smoothing: float = 0.0,
        from_logits: bool = True,
        reduction: Reduction = "mean",
        denominator: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            binary_cross_entropy,
            ignore_index=ignore_index,
            pos_weight=_listed(pos_weight),
            label_smoothing=label_smoothing,
            from_logits=from_logits,
            reduction=reduction,
            denominator=denominator,
            name=name,
        )
