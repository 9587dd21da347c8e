"""Chooses from which probability on each label of a multilabel target is predicted.

One half is the right threshold for the share of right cells only. F1 asks for less: where the probabilities are right,
a label is best predicted from half of the F1 that can be reached (Z. C. Lipton, C. Elkan, B. Naryanaswamy, 2014,
"Optimal thresholding of classifiers to maximize F1 measure", ECML PKDD), which is little for rare labels. Thresholds
chosen on few positives are chosen by chance, so that those of rare labels are drawn towards the one that suits all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqwise.evaluation.decoding import sigmoid

__all__ = ["chosen_thresholds"]

_PRIOR_POSITIVES = 100.0  # a label with so many positives has the mean of its own threshold and that of all labels
_F1 = ("micro_f1", "macro_f1", "weighted_f1")


def chosen_thresholds(
    logits: NDArray[np.floating], labels: NDArray[np.int64], mask: NDArray[np.bool_], figure: str
) -> NDArray[np.float64]:
    """The thresholds that serve a figure best on these rows.

    The threshold of a label is where its own F1 is largest, on the scale of logits, weighted n / (n + 100) for n
    positives; the rest of the weight has the threshold of the largest micro F1 when all labels have the same.

    Args:
        logits: (n, labels), of rows that training did not see.
        labels: (n, labels), 0 or 1.
        mask: (n, labels), True where a label is known.
        figure: what the thresholds are for; all but F1 figures are served by one half.

    Returns:
        (labels,) probabilities between 0 and 1.

    Examples:
        >>> logits, labels = np.array([[-3.0], [-1.0], [-0.5], [-2.0]]), np.array([[0], [1], [1], [0]])
        >>> chosen_thresholds(logits, labels, np.ones_like(labels, dtype=bool), "micro_f1").round(3).tolist()
        [0.182]
    """
    count = logits.shape[-1]
    if figure not in _F1:
        return np.full(count, 0.5)
    common = _best_cut(logits[mask], labels[mask])
    own = np.array([_best_cut(logits[m, j], labels[m, j], common) for j, m in enumerate(mask.T)])
    positives = (labels * mask).sum(axis=0)
    share = positives / (positives + _PRIOR_POSITIVES)
    return sigmoid(share * own + (1 - share) * common)


def _best_cut(logits: NDArray[np.floating], labels: NDArray[np.int64], otherwise: float = 0.0) -> float:
    """The logit above which prediction gives the largest F1: midway between two neighbours.

    Without a positive there is no F1, and `otherwise` is given.
    """
    order = np.argsort(-logits, kind="stable")
    ranked = logits[order].astype(np.float64)
    hits = np.cumsum(labels[order])
    if not hits.size or not hits[-1]:
        return otherwise
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    f1[:-1][ranked[:-1] == ranked[1:]] = -1  # equal logits are predicted together
    best = int(f1.argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else ranked[best] - 1.0
    return float((ranked[best] + below) / 2)
