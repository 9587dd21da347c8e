"""Right losses and models for Keras: its own, and some as people write them well. Run in a process of its own."""

from __future__ import annotations

import keras
from keras import layers, ops

SparseCategoricalCrossentropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
SparseOfProbabilities = keras.losses.SparseCategoricalCrossentropy()
IgnoringZero = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
CategoricalCrossentropy = keras.losses.CategoricalCrossentropy(from_logits=True)
Smoothed = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
OfProbabilities = keras.losses.CategoricalCrossentropy()
BinaryCrossentropy = keras.losses.BinaryCrossentropy(from_logits=True)
sparse_categorical_crossentropy = keras.losses.sparse_categorical_crossentropy


class Mine(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)


def zero_is_padding(real, pred):
    counts = ops.not_equal(real, 0)
    costs = keras.losses.sparse_categorical_crossentropy(real, pred, from_logits=True)
    total = ops.sum(ops.where(counts, costs, ops.zeros_like(costs)))
    return total / ops.maximum(ops.sum(ops.cast(counts, costs.dtype)), 1.0)


def _sequential(*middle):
    return keras.Sequential(
        [keras.Input((None,), dtype="int32"), layers.Embedding(30, 8, mask_zero=True), *middle, layers.Dense(4)]
    )


last_state = _sequential(layers.LSTM(6))
both_directions = _sequential(layers.Bidirectional(layers.GRU(6)))
mean_of_states = _sequential(layers.LSTM(6, return_sequences=True), layers.GlobalAveragePooling1D())
