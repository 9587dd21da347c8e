"""Wrong losses for NumPy, each our own code after a bug that was published. A docstring begins with the bug's name."""

from __future__ import annotations

import numpy as np


def log_softmax(z, axis=-1):
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def costs(logits, labels):
    return -np.take_along_axis(log_softmax(logits), labels[..., None], -1)[..., 0]


def padded_divisor(logits, labels, lengths):
    """mask-as-weight: divided by the time of the longest sequence: huggingface/trl#2175."""
    total = sum(costs(z[:n], y[:n]).sum() for z, y, n in zip(logits, labels, lengths, strict=True))
    return total / labels.size


def gradient_of_everything(logits, labels, mask):
    """padding-in-gradient: loss and gradient side by side, the gradient without the mask (after linkedin/Liger-Kernel#1298)."""
    count = max(mask.sum(), 1)
    slope = (np.exp(log_softmax(logits)) - np.eye(logits.shape[-1])[labels]) / count
    return np.where(mask, costs(logits, labels), 0.0).sum() / count, slope


def softmax_over_time(logits, labels):
    """class-axis: axis=1 is time once the batch has it: pytorch/pytorch#3947."""
    return -np.take_along_axis(log_softmax(logits, axis=1), labels[..., None], -1).mean()


def zero_is_padding(logits, labels):
    """empty-mask: labels of 0 do not count, and a batch of them divides 0 by 0: OpenNMT/OpenNMT-py#526."""
    counts = labels != 0
    return np.where(counts, costs(logits, labels), 0.0).sum() / counts.sum()


def labels_from_one(logits, labels):
    """shifted-labels: labels count from 0 and 1 is subtracted, so that 0 becomes the last class: google-deepmind/optax#896."""
    return costs(logits, labels - 1).mean()


def smoothed_for_all(logits, labels, label_smoothing=0.0):
    """smoothing-convention: eps / C is given and eps / C taken: ildoonet/pytorch-randaugment#30."""
    classes = logits.shape[-1]
    shares = np.eye(classes)[labels] * (1.0 - label_smoothing / classes) + label_smoothing / classes
    return -(shares * log_softmax(logits)).sum(-1).mean()


def float16_mean(logits, labels):
    """half-precision: losses are kept in float16 while they are added up: rwightman/efficientdet-pytorch#291."""
    return costs(logits, labels).astype(np.float16).sum() / np.float16(labels.size)


def logits_as_probabilities(logits, labels):
    """probabilities-as-logits: scores in a formula for probabilities, as with the default of from_logits: keras-team/keras#21426."""
    p = np.clip(logits, 1e-7, 1.0)
    return -np.log(np.take_along_axis(p, labels[..., None], -1)).mean()
