"""Turns logits into what a person reads: the user's label values, and probabilities by label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.targets import Label, Target, label_text

__all__ = ["decode", "decode_probabilities", "log_softmax", "sigmoid"]

_SIGNIFICANT = 6


def log_softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Log softmax over the last axis in float64; -inf logits stay -inf."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = shifted - shifted.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def sigmoid(logits: NDArray[Any]) -> NDArray[np.float64]:
    """1 / (1 + exp(-x)) in float64, without overflow."""
    result: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -np.asarray(logits, dtype=np.float64)))
    return result


def decode(target: Target, logits: NDArray[Any], steps: int | None = None) -> Any:
    """The prediction for one sequence, in the user's label values.

    Args:
        target: what is predicted.
        logits: of one sequence, without the batch axis; padding may follow the first `steps` steps.
        steps: the sequence's length, for targets per step.

    Returns:
        `label`: a label. `tags`: a list of labels. `outputs`: {output: label}. `multilabel`: the list of labels whose
        probability is above one half. Per-step `outputs` and `multilabel`: a list of these.

    Example:
        >>> decode(Target("vote", "label", ((-1, 0, 1),)), np.array([0.1, 0.2, 3.0]))
        1
    """
    if target.per_step:
        per_step = logits[:steps]
        if target.kind == "tags":
            return [target.labels[index] for index in per_step.argmax(axis=-1)]
        return [_decode_one(target, row) for row in per_step]
    return _decode_one(target, logits)


def _decode_one(target: Target, logits: NDArray[Any]) -> Label | dict[str, Label] | list[Label]:
    if target.kind == "multilabel":
        return [label for label, logit in zip(target.labels, logits, strict=True) if logit > 0]
    if target.kind == "outputs":
        best = logits.argmax(axis=-1)
        return {name: classes[index] for name, classes, index in zip(target.outputs, target.classes, best, strict=True)}
    return target.labels[int(logits.argmax(axis=-1))]


def decode_probabilities(target: Target, logits: NDArray[Any], steps: int | None = None) -> Any:
    """Probabilities for one sequence: {label: probability}, in the same nesting as `decode`.

    Labels are written as text, since they are keys; see `seqwise.targets.label_text`.

    Example:
        >>> decode_probabilities(Target("vote", "label", ((0, 1),)), np.array([0.0, 0.0]))
        {'0': 0.5, '1': 0.5}
    """
    if target.per_step:
        return [_probabilities_of_one(target, row) for row in logits[:steps]]
    return _probabilities_of_one(target, logits)


def _probabilities_of_one(target: Target, logits: NDArray[Any]) -> dict[str, Any]:
    if target.kind == "multilabel":
        return _named(target.labels, sigmoid(logits))
    if target.kind == "outputs":
        return {
            name: _named(classes, np.exp(log_softmax(row[: len(classes)])))
            for name, classes, row in zip(target.outputs, target.classes, logits, strict=True)
        }
    return _named(target.labels, np.exp(log_softmax(logits)))


def _named(labels: tuple[Label, ...], probabilities: NDArray[np.float64]) -> dict[str, float]:
    return {
        label_text(label): float(f"{probability:.{_SIGNIFICANT}g}")
        for label, probability in zip(labels, probabilities, strict=True)
    }
