"""Sums for targets where any of L labels may hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.errors import ValuesError
from seqwise.evaluation._batch import Batch
from seqwise.evaluation._counts import PairCounts, RowCounts, f1_scores
from seqwise.evaluation._ranking import Ranking
from seqwise.evaluation.scores import Figure, LabelScore, MultilabelScore, Scores, ratio
from seqwise.targets import Target

__all__ = ["MultilabelSums"]


@dataclass(frozen=True, eq=False)
class MultilabelSums:
    """Running totals of the predictions of a multilabel target; its cells are L outputs of two classes."""

    target: Target
    pairs: PairCounts
    rows: RowCounts
    ranking: Ranking
    unseen: int = 0

    @classmethod
    def of(cls, target: Target, batch: Batch, cuts: NDArray[np.float64]) -> MultilabelSums:
        """The sums of one batch.

        Args:
            target: what is predicted.
            batch: its arrays.
            cuts: (L,) a label is predicted when its logit is larger than this.

        Raises:
            ValuesError: a logit that counts is NaN.
        """
        predictions = _decisions(target, batch, cuts)
        return cls(
            target=target,
            pairs=PairCounts.of(batch.labels, predictions, batch.mask, classes=2),
            rows=RowCounts.of(*_by_row(batch, predictions)),
            ranking=Ranking.of(batch.logits, batch.labels == 1, batch.mask, target.class_count),
            unseen=0 if batch.unseen is None else int(batch.unseen.sum()),
        )

    def __add__(self, other: MultilabelSums) -> MultilabelSums:
        return MultilabelSums(
            self.target,
            self.pairs + other.pairs,
            self.rows + other.rows,
            self.ranking + other.ranking,
            self.unseen + other.unseen,
        )

    def scores(self) -> Scores:
        """The sums as figures and tables."""
        each, micro = self.ranking.average_precisions(self.target.class_count)
        known = [value for value in each if value is not None]
        mean = sum(known) / len(known) if known else None
        figures = {
            **self._figures(),
            "roc_auc": self.ranking.mean_roc_auc(),
            "average_precision": Figure(mean, micro.count),
            "average_precision_micro": micro,
        }
        return Scores(figures, count=self.pairs.total + self.unseen, per_label=self._per_label(each))

    def _figures(self) -> dict[str, Figure]:
        """Labels that training never saw are one more label, which holds and is never predicted."""
        pairs, count = self.pairs, self.pairs.total + self.unseen
        hits, support, predicted = (
            np.append(part[:, 1], extra)
            for part, extra in ((pairs.hits, 0), (pairs.support, self.unseen), (pairs.predicted, 0))
        )
        f1 = f1_scores(hits, support, predicted)
        occurs = ~np.isnan(f1)
        micro = float(f1_scores(hits.sum(), support.sum(), predicted.sum()))
        return {
            "micro_f1": Figure(None if np.isnan(micro) else micro, count),
            "macro_f1": Figure(float(f1[occurs].mean()) if occurs.any() else None, count),
            "weighted_f1": Figure(_weighted(f1, support), count),
            "accuracy": ratio(int(pairs.hits.sum()), count),
            "exact_match": ratio(self.rows.right, self.rows.rows),
        }

    def _per_label(self, average_precision: list[float | None]) -> tuple[LabelScore, ...]:
        pairs, rows = self.pairs, []
        for index, label in enumerate(self.target.labels):
            hits, support, predicted = (int(part[index, 1]) for part in (pairs.hits, pairs.support, pairs.predicted))
            row = LabelScore.from_counts(label, hits, support, predicted)
            present = int(pairs.support[index].sum())
            rows.append(MultilabelScore(**vars(row), average_precision=average_precision[index], count=present))
        return tuple(rows)


def _by_row(batch: Batch, predictions: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which cells are right and which count; one more cell per row for labels that training never saw."""
    right = batch.labels == predictions
    if batch.unseen is None:
        return right, batch.mask
    wrong = batch.unseen[..., None] > 0
    return np.concatenate([right, ~wrong], axis=-1), np.concatenate([batch.mask, wrong], axis=-1)


def _decisions(target: Target, batch: Batch, cuts: NDArray[np.float64]) -> NDArray[np.int64]:
    """0 or 1 for every cell, shaped like the labels; anything where nothing counts."""
    if batch.logits is not None and np.isnan(batch.logits[batch.mask]).any():
        raise ValuesError(
            f"target '{target.name}': the logit of a label that counts is NaN; "
            "the model has diverged, or the mask lets padding count"
        )
    if batch.predictions is not None:
        return np.where(batch.mask, batch.predictions, 0)
    assert batch.logits is not None, "checked_batch lets one of them through"
    return (batch.mask & (batch.logits > cuts)).astype(np.int64)


def _weighted(f1: NDArray[np.float64], support: NDArray[np.int64]) -> float | None:
    positive = support > 0
    return float(np.average(f1[positive], weights=support[positive])) if positive.any() else None
