"""A target as separate questions with a few answers each, and linear models that answer them.

A target of kind `label` or `tags` is one question of C classes, `outputs` are K questions, `multilabel` L questions of
yes or no. Each question has its gaps, and is learned from the examples in which it is answered.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.masks import lengths_to_mask
from seqwise.targets import Target
from seqwise.task.prepare import Task

__all__ = ["NEVER", "LinearModel", "Questions", "fit_count", "fitted_linear", "target_logits"]

NEVER = -30.0
"""The score of a class that training does not show."""
_STEPS, _TOLERANCE = 100, 1e-2
_BLOCK = 512  # rows that are padded to one length
_FILTERS = threading.Lock()  # the filters of warnings belong to the process: one thread changes them at a time


@dataclass(frozen=True, eq=False)
class Questions:
    """The labels of examples (sequences, or steps where a target has labels per step), question by question.

    Attributes:
        labels: (examples, questions) class indices.
        known: of that shape, False at gaps.
        sizes: how many classes each question has.
    """

    labels: NDArray[np.int64]
    known: NDArray[np.bool_]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> Questions:
        """The questions of some rows, the steps of one row after those of another."""
        blocks = [_flat(task, codec, rows[start : start + _BLOCK]) for start in range(0, len(rows), _BLOCK)]
        labels, known = (np.concatenate(arrays) for arrays in zip(*blocks, strict=True))
        return cls(labels, known, _sizes(codec.target))


def _flat(task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    lengths = task.store.lengths[rows]
    time = int(lengths.max())
    labels, known = codec.batch(task.store, rows, time)
    if codec.target.per_step:
        inside = lengths_to_mask(lengths, time)
        labels, known = labels[inside], known[inside]
    return labels.reshape(len(labels), -1), known.reshape(len(known), -1)


def _sizes(target: Target) -> tuple[int, ...]:
    if target.kind == "multilabel":
        return (2,) * target.class_count
    return tuple(len(classes) for classes in target.classes)


def fit_count(target: Target) -> int:
    """How many linear models of two classes answer a target."""
    return sum(1 if size == 2 else size for size in _sizes(target))


def target_logits(target: Target, scores: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The scores of all questions as logits of the target, without batch or padding.

    Args:
        target: whose questions they are.
        scores: per question (examples, classes).

    Returns:
        (examples, C), (examples, K, C) with -inf where an output has fewer classes, or (examples, L).
    """
    if target.kind == "multilabel":
        return np.stack([two[:, 1] - two[:, 0] for two in scores], axis=1)
    if target.kind != "outputs":
        return scores[0]
    logits = np.full((len(scores[0]), len(scores), target.class_count), -np.inf, dtype=np.float32)
    for output, found in enumerate(scores):
        logits[:, output, : found.shape[1]] = found
    return logits


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Logistic regressions, one against the rest, for all questions of a target.

    Attributes:
        weights: (features, models).
        biases: (models,).
        places: per model, its question and class.
        seen: per question, the classes that training shows.
        sizes: how many classes each question has.
    """

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]
    places: tuple[tuple[int, int], ...]
    seen: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]

    def scores(self, features: Any) -> list[NDArray[np.float32]]:
        """Per question, the logits (examples, classes) for a dense or sparse matrix (examples, features)."""
        margins = np.asarray(features @ self.weights, dtype=np.float32) + self.biases
        found = [np.full((len(margins), size), NEVER, dtype=np.float32) for size in self.sizes]
        for question, seen in enumerate(self.seen):
            if len(seen) <= 2:
                found[question][:, list(seen)] = 0.0
        for column, (question, label) in enumerate(self.places):
            margin = margins[:, column]
            alone = len(self.seen[question]) == 2
            found[question][:, label] = margin if alone else -np.logaddexp(0, -margin)
        return found


def fitted_linear(features: Any, questions: Questions, strength: float) -> LinearModel:
    """Logistic regressions on features.

    Args:
        features: (examples, features), dense or sparse.
        questions: of the same examples.
        strength: the inverse of the L2 penalty.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weights, biases, places, seen = [], [], [], []
    for question in range(len(questions.sizes)):
        known = questions.known[:, question]
        labels = questions.labels[known, question]
        shown = tuple(np.unique(labels).tolist())
        seen.append(shown)
        answered = features if known.all() else features[np.flatnonzero(known)]
        for label in shown if len(shown) > 2 else shown[1:]:
            # Without a random_state it would draw from NumPy's generator of the process, which is the caller's.
            model = LogisticRegression(C=strength, solver="liblinear", max_iter=_STEPS, tol=_TOLERANCE, random_state=0)
            with _FILTERS, warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(answered, labels == label)
            weights.append(model.coef_[0])
            biases.append(float(model.intercept_[0]))
            places.append((question, label))
    stacked = np.stack(weights, axis=1) if weights else np.zeros((features.shape[1], 0))
    return LinearModel(
        stacked.astype(np.float32), np.array(biases, dtype=np.float32), tuple(places), tuple(seen), questions.sizes
    )
