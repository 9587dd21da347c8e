"""Right losses for NumPy: seqwise's own, and some as people write them well."""

from __future__ import annotations

import numpy as np

from seqwise.losses import numpy as seqwise_losses

seqwise_cross_entropy = seqwise_losses.cross_entropy
seqwise_binary_cross_entropy = seqwise_losses.binary_cross_entropy


def _costs(logits, labels):
    shifted = logits - logits.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(logs, labels[..., None], -1)[..., 0]


def mean(logits, labels):
    return _costs(logits, labels).mean()


def two_dimensional(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(labels)), labels].mean()


def of_probabilities(y_pred, y_true):
    return -(y_true * np.log(np.clip(y_pred, 1e-7, 1.0))).sum(-1).mean()


def with_gradient(logits, labels, mask):
    count = max(mask.sum(), 1)
    shifted = logits - logits.max(-1, keepdims=True)
    shares = np.exp(shifted) / np.exp(shifted).sum(-1, keepdims=True)
    slope = np.where(mask[..., None], shares - np.eye(logits.shape[-1])[labels], 0.0) / count
    return np.where(mask, _costs(logits, labels), 0.0).sum() / count, slope


def zero_is_padding(logits, labels):
    counts = labels != 0
    return np.where(counts, _costs(logits, labels), 0.0).sum() / max(counts.sum(), 1)
