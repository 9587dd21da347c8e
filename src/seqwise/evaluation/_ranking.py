"""Scores kept cell by cell, for the figures that need their order: ROC-AUC and average precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.evaluation._peer import load_scikit_learn
from seqwise.evaluation.scores import Figure

__all__ = ["Ranking", "average_precision", "roc_auc"]


@dataclass(frozen=True, eq=False)
class Ranking:
    """How strongly each of L labels was said to hold, and whether it does.

    Attributes:
        scores: blocks of (n, L) float32, larger = likelier.
        labels: blocks of (n, L), whether the label holds.
        mask: blocks of (n, L), True = this cell counts.
    """

    scores: tuple[NDArray[np.float32], ...] = ()
    labels: tuple[NDArray[np.bool_], ...] = ()
    mask: tuple[NDArray[np.bool_], ...] = ()

    @classmethod
    def of(
        cls, scores: NDArray[np.floating] | None, labels: NDArray[np.bool_], mask: NDArray[np.bool_], width: int
    ) -> Ranking:
        """Of arrays of one shape whose last axis has this width; nothing without scores."""
        if scores is None:
            return cls()
        finite = np.finfo(np.float32)
        clipped = np.clip(scores.reshape(-1, width), finite.min, finite.max).astype(np.float32)
        return cls((clipped,), (labels.reshape(-1, width),), (mask.reshape(-1, width),))

    def __add__(self, other: Ranking) -> Ranking:
        return Ranking(self.scores + other.scores, self.labels + other.labels, self.mask + other.mask)

    def average_precisions(self, width: int) -> tuple[list[float | None], Figure]:
        """Each label's average precision (None where it is never positive), and that of all cells."""
        if not self.scores:
            return [None] * width, Figure(None, 0)
        scores, labels, mask = map(np.concatenate, (self.scores, self.labels, self.mask))
        each = [average_precision(labels[m, j], scores[m, j]) for j, m in enumerate(mask.T)]
        return each, Figure(average_precision(labels[mask], scores[mask]), int(mask.sum()))

    def mean_roc_auc(self) -> Figure:
        """The mean of the areas of those labels that have one; counted are the cells of these labels."""
        if not self.scores:
            return Figure(None, 0)
        scores, labels, mask = map(np.concatenate, (self.scores, self.labels, self.mask))
        areas = [(roc_auc(labels[m, j], scores[m, j]), int(m.sum())) for j, m in enumerate(mask.T)]
        known = [(area, count) for area, count in areas if area is not None]
        if not known:
            return Figure(None, 0)
        return Figure(sum(area for area, _ in known) / len(known), sum(count for _, count in known))


def average_precision(labels: NDArray[np.bool_], scores: NDArray[np.float32]) -> float | None:
    """The average precision of one ranking, or None when nothing in it is positive."""
    if not labels.any():
        return None
    load_scikit_learn()
    from sklearn.metrics import average_precision_score  # slow to import, and only this figure needs it

    return float(average_precision_score(labels, scores))


def roc_auc(labels: NDArray[np.bool_], scores: NDArray[np.float32]) -> float | None:
    """The chance that a positive scores higher than a negative, ties counting half; None when one kind is missing.

    Source: Hanley and McNeil (1982), "The meaning and use of the area under a receiver operating characteristic (ROC)
    curve", Radiology 143:29-36.

    Examples:
        >>> roc_auc(np.array([True, False, True, False]), np.array([3.0, 1.0, 1.0, 0.0], dtype=np.float32))
        0.875
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    values, place = np.unique(scores, return_inverse=True)
    at_value = np.bincount(place, minlength=len(values))
    ranks = np.cumsum(at_value) - (at_value - 1) / 2  # the mean rank of each value, from 1
    above = float(ranks[place[labels]].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)
