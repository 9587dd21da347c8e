"""Turns logits into decisions, and these into what a person reads: the user's label values, probabilities by label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.targets import Label, Target, label_text

__all__ = ["decisions", "decode", "decode_probabilities", "log_softmax", "logit_cuts", "sigmoid"]

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


def decisions(
    target: Target, logits: NDArray[Any], thresholds: Sequence[float] | NDArray[np.floating] | None = None
) -> NDArray[np.int64]:
    """The predictions of logits, each label on its own: class indices, or 0 and 1 for multilabel.

    Tags decoded jointly by a linear-chain CRF are predicted elsewhere and have the same form.

    Args:
        target: what is predicted.
        logits: of a batch; see `seqwise.targets.Target`.
        thresholds: (L,) for multilabel: a label is predicted when its probability is above its threshold; 0.5 when
            not given.

    Returns:
        The shape of the logits without their class axis; of equal classes the first.

    Examples:
        >>> decisions(Target("vote", "label", ((-1, 0, 1),)), np.array([[0.1, 0.2, 3.0]])).tolist()
        [2]
    """
    if target.kind != "multilabel":
        return np.asarray(logits.argmax(axis=-1), dtype=np.int64)
    with np.errstate(invalid="ignore"):
        return np.asarray(logits > logit_cuts(target, thresholds), dtype=np.int64)


def logit_cuts(target: Target, thresholds: Sequence[float] | NDArray[np.floating] | None) -> NDArray[np.float64]:
    """The logits (L,) above which labels are predicted; a threshold of 0 or 1 is a cut at -inf or inf.

    Examples:
        >>> logit_cuts(Target("t", "multilabel", (("a", "b"),)), [0.5, 0.0]).tolist()
        [0.0, -inf]
    """
    cuts = np.full(target.class_count, 0.5) if thresholds is None else np.asarray(thresholds, dtype=np.float64)
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = np.log(cuts) - np.log1p(-cuts)
    return found


def decode(target: Target, predictions: NDArray[Any], steps: int | None = None) -> Any:
    """The prediction for one sequence, in the user's label values.

    Args:
        target: what is predicted.
        predictions: class indices (0 and 1 for multilabel) of one sequence, without the batch axis; padding may
            follow the first `steps` steps.
        steps: the sequence's length, for targets per step.

    Returns:
        `label`: a label. `tags`: a list of labels. `outputs`: {output: label}. `multilabel`: the list of labels that
        were predicted. Per-step `outputs` and `multilabel`: a list of these.

    Examples:
        >>> decode(Target("vote", "label", ((-1, 0, 1),)), np.array(2))
        1
    """
    if target.per_step:
        return [_decode_one(target, step) for step in predictions[:steps]]
    return _decode_one(target, predictions)


def _decode_one(target: Target, predictions: NDArray[Any]) -> Label | dict[str, Label] | list[Label]:
    if target.kind == "multilabel":
        return [label for label, is_predicted in zip(target.labels, predictions, strict=True) if is_predicted]
    if target.kind == "outputs":
        named = zip(target.outputs, target.classes, predictions, strict=True)
        return {name: classes[index] for name, classes, index in named}
    return target.labels[int(predictions)]


def decode_probabilities(target: Target, logits: NDArray[Any], steps: int | None = None) -> Any:
    """Probabilities for one sequence: {label: probability}, in the same nesting as `decode`.

    Labels are written as text, since they are keys; see `seqwise.targets.label_text`.

    Examples:
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
