"""The formula of a loss at one position, found by fitting it to copies of that position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqwise.doctor.called_loss import Loss
from seqwise.doctor.facts._measure import TOLERANCE, copies, remembered, slack
from seqwise.doctor.frameworks import Array

__all__ = ["Core", "core_of", "cross_entropy", "log_softmax"]


@dataclass(frozen=True)
class Core:
    """The formula of a loss at one position, when it is a cross-entropy of some kind.

    Attributes:
        kind: "logits", "softmax twice", "no logarithm", "log-probabilities" or "focal".
        target: for each label tried, the share of each class in the target: (labels, C); a row sums to `scale`.
        scale: the sum of the shares, 1 for a mean over equal positions.
        constant: what is added to the cross-entropy whatever the logits, as the entropy of a target is.
    """

    kind: str
    target: Array
    scale: float
    constant: float = 0.0

    @property
    def is_plain(self) -> bool:
        """Whether the target is the label alone, as without smoothing."""
        best = self.target / self.target.sum(1, keepdims=True)
        return bool(np.allclose(best.max(1), 1.0, atol=5e-3))


def log_softmax(logits: Array) -> Array:
    """The logarithm of the softmax over the last axis."""
    shifted = logits - logits.max(-1, keepdims=True)
    logs: Array = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return logs


def cross_entropy(loss: Loss, logits: Array, labels: Array) -> Array:
    """The expected loss of each position, (B, T): of classes, or summed over binary labels."""
    if loss.reading.labels == "binary":
        costs: Array = (np.logaddexp(0.0, logits) - labels * logits).sum(-1)
        return costs
    picked: Array = -np.take_along_axis(log_softmax(logits), labels[..., None], -1)[..., 0]
    return picked


@remembered
def core_of(loss: Loss) -> Core | None:
    """The formula of a loss, found by fitting it to copies of one position; None when it is of no known kind.

    Copies stand at every position, so that what is found does not hang on averages, slices or shifts.
    """
    return _binary_core(loss) if loss.reading.labels == "binary" else _class_core(loss)


def _class_core(loss: Loss) -> Core | None:
    rng = np.random.default_rng(1)
    samples = rng.normal(0.0, 1.5, (2 * loss.classes + 6, loss.classes))
    labels = loss.allowed_labels()[-3:]  # 0 may stand for padding
    values = np.array([[copies(loss, one, label) for one in samples] for label in labels])
    for kind, features in (
        ("logits", log_softmax(samples)),
        ("softmax twice", log_softmax(np.exp(log_softmax(samples)))),
        ("softmax twice", log_softmax(1.0 / (1.0 + np.exp(-samples)))),
        ("no logarithm", np.exp(log_softmax(samples))),
        ("log-probabilities", samples),
    ):
        fits = np.array([_fitted(features, row, slack(loss)) for row in values])
        target, constant = -fits[:, :-1], float(fits[0, -1])
        if kind == "no logarithm":  # probabilities add up to 1, so that a constant hides among their shares
            target, constant = target - fits[:, -1:], 0.0
        if kind in ("logits", "log-probabilities") and _is_complement(target, labels):
            continue
        if _is_distribution(target) and (kind != "no logarithm" or target.sum() > 0):
            return Core(kind, target, float(target.sum(1).mean()), constant)
    return _focal_core(loss, samples, labels, values)


def _is_distribution(target: Array) -> bool:
    """Whether the shares of the classes are of one sign, and are there at all."""
    largest = np.abs(target).max(initial=0.0)
    return bool(np.isfinite(target).all()) and bool((target * np.sign(target.sum()) > -0.02 * largest).all())


def _is_complement(target: Array, labels: list[int]) -> bool:
    """Whether every class but that of the label costs, as where the logarithm is taken of the label itself."""
    own = np.abs(target[np.arange(len(labels)), labels])
    return bool(np.isfinite(target).all() and (own < 0.01 * np.abs(target).max(1)).all() and (target.sum(1) < 0).all())


def _focal_core(loss: Loss, samples: Array, labels: list[int], values: Array) -> Core | None:
    """A cross-entropy times a power of 1 - p: log(loss / cross-entropy) is a line in log(1 - p)."""
    if not (np.isfinite(values).all() and (values > 0).all()):
        return None
    once = log_softmax(samples)
    for kind, logs in (("focal", once), ("softmax twice", log_softmax(np.exp(once)))):
        if _is_focal(values, logs[:, labels].T):
            return Core(kind, np.eye(loss.classes)[labels], 1.0)
    return None


def _is_focal(values: Array, logs: Array) -> bool:
    ratio = np.log(values / -logs)
    line = np.stack([np.log1p(-np.exp(logs)), np.ones_like(logs)], -1)
    for row, design in zip(ratio, line, strict=True):
        found, *_ = np.linalg.lstsq(design, row, rcond=None)
        if np.abs(design @ found - row).max() > 10 * TOLERANCE or found[0] < 0.1:
            return False
    return True


def _binary_core(loss: Loss) -> Core | None:
    rng = np.random.default_rng(1)
    samples = rng.normal(0.0, 1.5, (4 * loss.classes + 8, loss.classes))
    label = np.arange(loss.classes) % 2
    values = np.array([copies(loss, one, label) for one in samples])
    for kind, sharp in (("logits", samples), ("softmax twice", 1.0 / (1.0 + np.exp(-samples)))):
        features = np.concatenate([-np.logaddexp(0.0, -sharp), -np.logaddexp(0.0, sharp)], -1)
        fits = _fitted(features, values, slack(loss))
        target = -fits[:-1].reshape(2, -1)
        if _is_distribution(target):
            return Core(kind, target, float(target.sum()), float(fits[-1]))
    return None


def _fitted(features: Array, values: Array, tolerance: float) -> Array:
    """The coefficients of values in features and a constant; NaN where they do not fit."""
    features = np.concatenate([features, np.ones((len(features), 1))], 1)
    if not np.isfinite(values).all() or np.ptp(values) < TOLERANCE:
        return np.full(features.shape[1], np.nan)
    found, *_ = np.linalg.lstsq(features, values, rcond=None)
    span = max(1.0 if tolerance > TOLERANCE else 0.02, float(np.ptp(values)))
    fits = np.abs(features @ found - values).max() < tolerance * span
    return np.asarray(found) if fits else np.full(features.shape[1], np.nan)
