"""Wrong losses and models for Keras, each our own code after a published bug. A docstring begins with the bug's name.

The tests run this file in a process of its own, for Keras has one backend per process.
"""

from __future__ import annotations

import keras
from keras import layers, ops

sparse = keras.losses.sparse_categorical_crossentropy


def translation_tutorial(real, pred):
    """mask-as-weight: labels of 0 are masked and then divided by all: tensorflow/tensorflow#26784."""
    loss = sparse(real, pred, from_logits=True)
    return ops.mean(loss * ops.cast(ops.not_equal(real, 0), loss.dtype))


def sample_weight_as_mask(y_true, y_pred, sample_weight):
    """mask-as-weight: a mask as sample weight, divided by all positions: keras-team/keras#15323."""
    return ops.mean(sparse(y_true, y_pred, from_logits=True) * sample_weight)


def softmax_before_logits(y_true, y_pred):
    """double-softmax: from_logits=True after a softmax: nfmcclure/tensorflow_cookbook#86."""
    return sparse(y_true, ops.exp(ops.log_softmax(y_pred)), from_logits=True)


def default_of_from_logits(labels, logits):
    """probabilities-as-logits: from_logits is False unless said: keras-team/keras#21426."""
    return sparse(labels, logits)


class NextStep(keras.losses.Loss):
    """shifted-labels: aligned labels are shifted once more: huggingface/transformers#37830."""

    def call(self, y_true, y_pred):
        return sparse(y_true[:, 1:], y_pred[:, :-1], from_logits=True)


class _Parts(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(30, 8, mask_zero=True)
        self.lstm = layers.LSTM(6, return_sequences=True)
        self.score = layers.Dense(1)
        self.head = layers.Dense(4)


class MeanOverAll(_Parts):
    """pooling-padding: a mean over time by hand forgets the mask of the embedding: keras-team/keras#18416."""

    def call(self, tokens):
        return self.head(ops.mean(self.lstm(self.embedding(tokens)), axis=1))


class AttentionOverAll(_Parts):
    """attention-padding: a softmax over time by hand, without the mask: tensorflow/tensorflow#512."""

    def call(self, tokens):
        states = self.lstm(self.embedding(tokens))
        return self.head(ops.sum(ops.softmax(self.score(states), axis=1) * states, axis=1))


class BothAtTheEnd(keras.Model):
    """backward-dropped: the last step of both directions: keras-team/keras#4192."""

    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(30, 8)
        self.lstm = layers.Bidirectional(layers.LSTM(6, return_sequences=True))
        self.head = layers.Dense(4)

    def call(self, tokens):
        return self.head(self.lstm(self.embedding(tokens))[:, -1])


class MaskLost(keras.Model):
    """last-state-padding: an operation between two layers drops the mask: keras-team/keras#19311."""

    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(30, 8, mask_zero=True)
        self.lstm = layers.LSTM(6)
        self.head = layers.Dense(4)

    def call(self, tokens):
        return self.head(self.lstm(ops.multiply(self.embedding(tokens), 2.0)))
