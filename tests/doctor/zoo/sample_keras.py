"""Losses and models for Keras as public code has them, in our own code, right and wrong; the verdict was decided before the first run."""

from __future__ import annotations

import keras
from keras import layers, ops


def masked_loss(y_true, y_pred):
    """right: zero is padding, and the mean is over the rest."""
    counts = ops.not_equal(y_true, 0)
    costs = keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
    costs = ops.where(counts, costs, ops.zeros_like(costs))
    return ops.sum(costs) / ops.maximum(ops.sum(ops.cast(counts, costs.dtype)), 1.0)


def masked_mean_of_all(y_true, y_pred):
    """wrong: the mean is over the padding too."""
    counts = ops.not_equal(y_true, 0)
    costs = keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
    return ops.mean(ops.where(counts, costs, ops.zeros_like(costs)))


def swapped(y_true, y_pred):
    """wrong: Keras wants the labels first."""
    return keras.losses.binary_crossentropy(y_pred, y_true)


def one_hot_swapped(y_true, y_pred):
    """wrong: the logarithm is of the labels."""
    return keras.losses.categorical_crossentropy(y_pred, y_true)


def stopped(y_true, y_pred):
    """wrong: stop_gradient around the prediction."""
    return keras.losses.sparse_categorical_crossentropy(y_true, ops.stop_gradient(y_pred))


class Focal(keras.losses.Loss):
    """right: the focal loss of probabilities."""

    def __init__(self, gamma=2.0, name="focal"):
        super().__init__(name=name)
        self.gamma = gamma

    def call(self, y_true, y_pred):
        y_pred = ops.clip(y_pred, 1e-7, 1 - 1e-7)
        onehot = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1])
        p = ops.sum(onehot * y_pred, -1)
        return -((1 - p) ** self.gamma) * ops.log(p)


def weighted_by_class(y_true, y_pred):
    """wrong: the probabilities are divided by their sum over the batch."""
    y_pred = y_pred / ops.sum(y_pred, axis=0, keepdims=True)
    y_pred = ops.clip(y_pred, 1e-7, 1.0)
    return -ops.mean(ops.sum(y_true * ops.log(y_pred), -1))


class MaskedGru(keras.Model):
    """right: the mask goes from layer to layer."""

    def __init__(self):
        super().__init__()
        self.embed = layers.Embedding(30, 8, mask_zero=True)
        self.gru = layers.GRU(8)
        self.out = layers.Dense(3)

    def call(self, ids):
        return self.out(self.gru(self.embed(ids)))


class AlwaysTraining(keras.Model):
    """wrong: dropout is told training=True."""

    def __init__(self):
        super().__init__()
        self.embed = layers.Embedding(30, 8)
        self.drop = layers.Dropout(0.5)
        self.gru = layers.GRU(8)
        self.out = layers.Dense(3)

    def call(self, ids):
        return self.out(self.gru(self.drop(self.embed(ids), training=True)))
