"""Losses for NumPy and JAX as public code has them, in our own code, right and wrong; the verdict was decided before the first run."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax


def _probabilities(x):
    shifted = np.exp(x - x.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def _costs(x, y):
    shifted = x - x.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(logs, y[..., None], -1)[..., 0]


def softmax_loss(x, y):
    """right: the loss and its gradient, as in a course."""
    p = _probabilities(x)
    dx = p.copy()
    dx[np.arange(len(x)), y] -= 1
    return _costs(x, y).mean(), dx / len(x)


def gradient_of_the_sum(x, y):
    """wrong: the loss is a mean, its gradient that of the sum."""
    dx = _probabilities(x) - np.eye(x.shape[-1])[y]
    return _costs(x, y).mean(), dx


def gradient_upside_down(scores, labels):
    """wrong: the sign of the gradient."""
    dx = np.eye(scores.shape[-1])[labels] - _probabilities(scores)
    return _costs(scores, labels).mean(), dx / labels.size


def temporal_softmax_loss(x, y, mask):
    """right: the sum over time, averaged over the batch, with its gradient."""
    n, t, v = x.shape
    flat, picks, counts = x.reshape(n * t, v), y.reshape(n * t), mask.reshape(n * t)
    loss = np.where(counts, _costs(flat, picks), 0.0).sum() / n
    dx = _probabilities(flat)
    dx[np.arange(n * t), picks] -= 1
    return loss, np.where(counts[:, None], dx / n, 0.0).reshape(n, t, v)


def gradient_from_the_label_only(x, y):
    """wrong: the gradient of the picked score alone, without that of the softmax."""
    dx = np.zeros_like(x)
    np.put_along_axis(dx, y[..., None], -1.0, -1)
    return _costs(x, y).mean(), dx / y.size


class SoftmaxWithLoss:
    """right: a layer with forward and backward, as in a book."""

    def __init__(self):
        self.y = self.t = None

    def forward(self, x, t):
        self.t, self.y = t, _probabilities(x)
        return _costs(x, t).mean()

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dout * dx / len(dx)


class SoftmaxNotDivided:
    """wrong: its backward forgets the size of the batch."""

    def __init__(self):
        self.y = self.t = None

    def forward(self, x, t):
        self.t, self.y = t, _probabilities(x)
        return _costs(x, t).mean()

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dout * dx


def log_loss(y_true, y_pred):
    """right: by the usual order of scikit-learn; zeros are legal."""
    picked = np.take_along_axis(y_pred, y_true[..., None], -1)
    return -np.log(np.maximum(picked, np.finfo(float).tiny)).mean()


def writes_into_the_scores(logits, labels):
    """wrong: the array of the caller is changed."""
    logits -= logits.max(-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(-1, keepdims=True)
    return -np.log(np.maximum(np.take_along_axis(logits, labels[..., None], -1), 1e-300)).mean()


def sampled(logits, labels):
    """wrong: a random half of the positions."""
    chosen = np.random.rand(*labels.shape) < 0.5  # noqa: NPY002 - as such code does
    return _costs(logits, labels)[chosen].sum() / max(chosen.sum(), 1)


def stable_answers(x, z):
    """right: the cross-entropy of yes or no, written so that nothing overflows."""
    return (np.maximum(x, 0) - x * z + np.log1p(np.exp(-np.abs(x)))).mean()


def overflowing_answers(x, targets):
    """wrong: the exponential of a large logit, and then a logarithm of 0."""
    p = 1 / (1 + np.exp(-x))
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean()


def lengths_and_mean(logits, labels, lengths):
    """right: the mean over what counts."""
    counts = np.arange(labels.shape[1]) < np.asarray(lengths)[:, None]
    return np.where(counts, _costs(logits, labels), 0.0).sum() / max(counts.sum(), 1)


def one_too_many(logits, labels, lengths):
    """wrong: <= lets one step of padding in."""
    counts = np.arange(labels.shape[1]) <= np.asarray(lengths)[:, None]
    return np.where(counts, _costs(logits, labels), 0.0).sum() / max(counts.sum(), 1)


def hinge(scores, y):
    """right: the loss of a support vector machine of several classes, with its gradient."""
    right = np.take_along_axis(scores, y[..., None], -1)
    margins = np.maximum(0, scores - right + 1)
    np.put_along_axis(margins, y[..., None], 0, -1)
    slope = (margins > 0).astype(float)
    np.put_along_axis(slope, y[..., None], -slope.sum(-1, keepdims=True), -1)
    return margins.sum() / y.size, slope / y.size


def jax_picked_logits(logits, labels):
    """wrong: one-hot times logits, and no log_softmax."""
    onehot = jax.nn.one_hot(labels, logits.shape[-1])
    return -jnp.mean(jnp.sum(onehot * logits, axis=-1))


def jax_plain(logits, labels):
    """right: one-hot times log_softmax."""
    onehot = jax.nn.one_hot(labels, logits.shape[-1])
    return -jnp.mean(jnp.sum(onehot * jax.nn.log_softmax(logits), axis=-1))


def jax_stopped(logits, labels):
    """wrong: stop_gradient around all."""
    return jax.lax.stop_gradient(optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean())


def jax_as_float(logits, labels):
    """wrong: float() of a traced number, so that no gradient can be had."""
    costs = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return jnp.asarray(float(costs.mean()))


def jax_mapped(logits, labels, mask):
    """right: one position written, and mapped over the batch."""

    def one(scores, label, counts):
        scores = jnp.where(counts, scores, 0.0)
        return jnp.where(counts, jax.nn.logsumexp(scores) - scores[label], 0.0)

    costs = jax.vmap(jax.vmap(one))(logits, labels, mask.astype(bool))
    return costs.sum() / jnp.maximum(mask.sum(), 1)


def jax_smoothed(logits, labels):
    """right: smoothed labels of optax."""
    onehot = optax.smooth_labels(jax.nn.one_hot(labels, logits.shape[-1]), 0.1)
    return optax.softmax_cross_entropy(logits, onehot).mean()


def jax_mean_with_padding(logits, labels, mask):
    """wrong: the mean is over all positions."""
    logits = jnp.where(mask[..., None], logits, 0.0)
    costs = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return jnp.mean(jnp.where(mask, costs, 0.0))
