"""Small Keras models with the same weights every time, and their arrays as NumPy's."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from seqwise.losses.keras._keras_framework import as_numpy

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    CPU = tf.config.list_physical_devices("CPU")[0]  # as two, for replicas; before TensorFlow starts
    tf.config.set_logical_device_configuration(CPU, [tf.config.LogicalDeviceConfiguration()] * 2)

TOKENS = np.array([[1, 2, 3, 4], [5, 0, 0, 0], [6, 7, 0, 0], [8, 1, 2, 0]])
"""Four sequences of 4, 1, 2 and 3 tokens, padded with 0."""

COUNTS = TOKENS != 0
TAGS = np.array([[0, 1, 2, 3], [4, 0, 0, 0], [1, 3, 0, 0], [2, 2, 4, 0]])


def tagger(mask_zero: bool = True) -> Any:
    """Ids -> logits of 5 classes for each step; the mask of the padding goes along."""
    tokens = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(9, 6, mask_zero=mask_zero)(tokens)
    return seeded(keras.Model(tokens, keras.layers.Dense(5)(vectors)))


def seeded(model: Any, seed: int = 0) -> Any:
    """The model with weights drawn from a seed, whatever the backend."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=weight.shape).astype("float32") for weight in model.weights])
    return model


def compiled(model: Any, loss: Any, rate: float = 0.1, **options: Any) -> Any:
    """The model, ready to train; without XLA, which takes longer to compile than to train."""
    jit = False if keras.backend.backend() == "tensorflow" else "auto"
    model.compile(**{"optimizer": keras.optimizers.SGD(rate), "loss": loss, "jit_compile": jit, **options})
    return model


def numbers(tensor: Any) -> Any:
    """A tensor as a NumPy array of float64."""
    return as_numpy(keras.ops.convert_to_tensor(tensor)).astype(np.float64)
