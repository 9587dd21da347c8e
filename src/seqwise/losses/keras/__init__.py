"""The losses for Keras 3, under its backends TensorFlow, JAX and torch: functions, and classes for `compile`.

`seqwise.losses` explains shapes, options and edge cases. The functions take tensors of the
backend, and work inside of tf.function (sizes may be unknown) and of jitted functions. Values are looked at only for
tensors on the CPU, outside of traces; inside of a trace a label out of range gives a NaN loss.
Under torch nothing is traced; for torch.compile take `seqwise.losses.torch`, since operations of Keras break its graph.

In `model.compile(loss=CrossEntropyLoss())`
-------------------------------------------
* Integer labels stay integers; Keras's own losses get them as floats, in which not every integer exists.
* The mask that an Embedding(mask_zero=True) or a Masking layer sends along counts, and padding enters no average.
  So does `fit(sample_weight=...)`: numbers are weights, and enter the divisor; booleans are a mask.
* Class weights are given to the loss. `fit(class_weight=...)` takes the argmax of labels over their last axis first,
  which is the time axis for one label per step.
* The loss that Keras shows for an epoch is the mean of the losses of the batches, weighted by their rows. Where
  batches differ in how many labels count, that is not the mean over the epoch: `MeanLoss` shows that one.
* With `gradient_accumulation_steps`, Keras averages the gradients of the steps in the same way. One constant
  `denominator`, about the number of labels that count in a step, makes them add up.
"""

from __future__ import annotations

from seqwise.errors import MissingExtraError

try:
    import keras as _keras  # noqa: F401 - before the files that need it, so that one place says what is missing
except ModuleNotFoundError as error:
    if error.name == "keras":
        raise MissingExtraError("keras", "keras") from error
    error.add_note("Keras computes with one of tensorflow, jax and torch: name an installed one in KERAS_BACKEND.")
    raise

from seqwise.losses._constraints import Allowed, allowed_transitions
from seqwise.losses._crf_terms import Decoded
from seqwise.losses.keras._classes import BinaryCrossEntropyLoss, CrossEntropyLoss, FocalLoss, OrdinalLoss
from seqwise.losses.keras._keras_crf import crf_decode, crf_marginals, crf_nll
from seqwise.losses.keras._keras_framework import LossSum
from seqwise.losses.keras._keras_losses import binary_cross_entropy, cross_entropy, focal_loss, loss_sum, ordinal_loss
from seqwise.losses.keras._metrics import MeanLoss

__all__ = [
    "Allowed",
    "BinaryCrossEntropyLoss",
    "CrossEntropyLoss",
    "Decoded",
    "FocalLoss",
    "LossSum",
    "MeanLoss",
    "OrdinalLoss",
    "allowed_transitions",
    "binary_cross_entropy",
    "crf_decode",
    "crf_marginals",
    "crf_nll",
    "cross_entropy",
    "focal_loss",
    "loss_sum",
    "ordinal_loss",
]
