"""The mean of a loss over an epoch, which the mean of its batches is not."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqwise.losses.keras._classes import Loss
from seqwise.losses.keras._keras_framework import LossSum, Tensor

__all__ = ["MeanLoss"]


@keras.saving.register_keras_serializable(package="seqwise")
class MeanLoss(keras.metrics.Metric):  # type: ignore[misc]  # Keras has no types
    """The mean of a loss over all that counts in an epoch, for `compile(weighted_metrics=[...])`.

    It adds up sums and counts, and divides once; the loss that Keras shows is the mean of the batches' means,
    weighted by their rows. Among `metrics` instead of `weighted_metrics`, it would not get the sample weights.

    Under JAX, Keras sends no mask to metrics in `fit`, though it does in `evaluate` and for validation data: there
    padding enters unless `ignore_index` or sample weights leave it out too.

    Args:
        loss: a loss of this module.
        name: its name in Keras.

    Examples:
        >>> import numpy as np
        >>> from seqwise.losses.keras import CrossEntropyLoss
        >>> mean = MeanLoss(CrossEntropyLoss(ignore_index=-1))
        >>> mean.update_state(np.array([0, -1, -1]), np.zeros((3, 2)))  # 1 label counts
        >>> mean.update_state(np.array([0, 0, 0]), np.array([[2.0, 0.0]] * 3))  # 3 labels count
        >>> round(float(mean.result()), 4)
        0.2685
    """

    def __init__(self, loss: Loss, name: str = "mean_loss") -> None:
        super().__init__(name=name)
        self.loss = loss
        dtype = "float64" if keras.config.floatx() == "float64" else "float32"
        self._sum = self.add_weight(name="sum", shape=(), initializer="zeros", dtype=dtype)
        self._count = self.add_weight(name="count", shape=(), initializer="zeros", dtype=dtype)

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        """Adds a batch."""
        part = self.loss.loss_sum(y_true, y_pred, sample_weight)
        self._sum.assign_add(ops.cast(part.sum, self._sum.dtype))
        self._count.assign_add(ops.cast(part.count, self._count.dtype))

    def result(self) -> Tensor:
        """The mean over all batches so far; 0 when nothing counted."""
        return LossSum(ops.convert_to_tensor(self._sum), ops.convert_to_tensor(self._count)).mean()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same metric again."""
        return {"name": self.name, "loss": keras.saving.serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MeanLoss:
        """The metric of a config."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})
