"""Sums for targets that choose one class: `label`, `tags` and `outputs`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.errors import ValuesError
from seqwise.evaluation._batch import Batch, require_known
from seqwise.evaluation._counts import PairCounts, RowCounts, f1_scores
from seqwise.evaluation._ranking import Ranking
from seqwise.evaluation.calibration import CalibrationBins, prediction_probabilities
from seqwise.evaluation.scores import (
    NEVER_SEEN,
    Confusion,
    Figure,
    LabelScore,
    OutputScore,
    PairScore,
    Scores,
    proportion,
    ratio,
)
from seqwise.evaluation.spans import SpanCounts, evaluated_scheme, evaluated_tags
from seqwise.targets import Target

__all__ = ["ChoiceSums"]

_CONFUSION_CLASSES = 100  # a larger table is neither read nor worth its place in a file
_CONFUSED_PAIRS = 50


@dataclass(frozen=True, eq=False)
class ChoiceSums:
    """Running totals of the predictions of a target with one class per label."""

    target: Target
    pairs: PairCounts
    bins: CalibrationBins
    rows: RowCounts
    spans: SpanCounts | None
    ranking: Ranking | None

    @classmethod
    def of(cls, target: Target, batch: Batch) -> ChoiceSums:
        """The sums of one batch.

        Raises:
            ValuesError: logits that count hold NaN or infinity.
        """
        labels, mask = batch.labels, batch.mask
        predictions, bins = _evaluated(target, batch)
        # Labels and tags are one output, so that all kinds count in the same (K, C, C) table.
        by_output = labels.shape if target.kind == "outputs" else (*labels.shape, 1)
        by_row = labels.shape if labels.ndim > 1 else by_output
        spans = None
        if target.marks_spans:
            spans = SpanCounts.of(evaluated_scheme(target), evaluated_tags(labels, batch.unseen), predictions, mask)
        return cls(
            target=target,
            pairs=PairCounts.of(
                labels.reshape(by_output),
                predictions.reshape(by_output),
                mask.reshape(by_output),
                classes=target.class_count + 1,  # the last is what training never saw
            ),
            bins=bins,
            rows=RowCounts.of((labels == predictions).reshape(by_row), mask.reshape(by_row)),
            spans=spans,
            ranking=_ranking(target, batch),
        )

    def __add__(self, other: ChoiceSums) -> ChoiceSums:
        return ChoiceSums(
            target=self.target,
            pairs=self.pairs + other.pairs,
            bins=self.bins + other.bins,
            rows=self.rows + other.rows,
            spans=None if self.spans is None or other.spans is None else self.spans + other.spans,
            ranking=None if self.ranking is None or other.ranking is None else self.ranking + other.ranking,
        )

    def scores(self) -> Scores:
        """The sums as figures and tables."""
        if self.target.kind == "outputs":
            return Scores(self._figures(), count=self.pairs.total, per_output=self._per_output())
        small = self.target.class_count <= _CONFUSION_CLASSES
        return Scores(
            figures=self._figures(),
            count=self.pairs.total,
            per_label=_label_scores(self.target, self.pairs, 0),
            confusion=self._confusion() if small else None,
            confused_pairs=self._confused_pairs(),
            per_span_type=() if self.spans is None else self.spans.per_type(),
        )

    def _figures(self) -> dict[str, Figure]:
        hits, count = int(self.pairs.hits.sum()), self.pairs.total
        macro, weighted = _macro_and_weighted_f1(self.pairs)
        present = self.pairs.support.sum(axis=1)
        figures = {
            # Steps of one sequence and outputs of one row are not independent: no interval for them.
            "accuracy": proportion(hits, count) if self.target.kind == "label" else ratio(hits, count),
            "macro_f1": Figure(_mean(macro, np.sign(present)), count),
            "weighted_f1": Figure(_mean(weighted, present), count),
        }
        if self.target.kind != "label":
            figures["exact_match"] = ratio(self.rows.right, self.rows.rows)
        if self.ranking is not None:
            figures["roc_auc"] = self.ranking.mean_roc_auc()
        figures["ece"] = self.bins.error()
        return figures if self.spans is None else {**figures, **self.spans.figures()}

    def _per_output(self) -> tuple[OutputScore, ...]:
        macro, weighted = _macro_and_weighted_f1(self.pairs)
        present = self.pairs.support.sum(axis=1)
        return tuple(
            OutputScore(
                output=name,
                accuracy=ratio(int(self.pairs.hits[k].sum()), int(present[k])).value,
                macro_f1=float(macro[k]) if present[k] else None,
                weighted_f1=float(weighted[k]) if present[k] else None,
                count=int(present[k]),
                per_label=_label_scores(self.target, self.pairs, k),
            )
            for k, name in enumerate(self.target.outputs)
        )

    def _confusion(self) -> Confusion:
        table, labels = self.pairs.table(), self.target.labels
        if not self.pairs.support[0, -1]:
            return Confusion(labels, tuple(map(tuple, table[:-1, :-1].tolist())))
        return Confusion((*labels, NEVER_SEEN), tuple(map(tuple, table.tolist())))

    def _confused_pairs(self) -> tuple[PairScore, ...]:
        labels = (*self.target.labels, NEVER_SEEN)
        worst = self.pairs.confusions(_CONFUSED_PAIRS)
        return tuple(PairScore(labels[label], labels[wrong], count) for label, wrong, count in worst)


def _evaluated(target: Target, batch: Batch) -> tuple[NDArray[np.int64], CalibrationBins]:
    """Predictions shaped like the labels (0 where nothing counts), and the probabilities stated for them."""
    if batch.logits is None:
        assert batch.predictions is not None, "checked_batch lets one of them through"
        return np.where(batch.mask, batch.predictions, 0), CalibrationBins.empty()
    logits = batch.logits[batch.mask].astype(np.float64)  # (n, C)
    if not np.isfinite(logits.max(axis=-1, initial=-np.inf)).all():
        raise ValuesError(
            f"target '{target.name}': the largest logit of a label that counts is NaN or infinite; "
            "the model has diverged, or the mask lets padding count"
        )
    chosen = logits.argmax(axis=-1) if batch.predictions is None else batch.predictions[batch.mask]
    predictions = np.zeros(batch.labels.shape, dtype=np.int64)
    predictions[batch.mask] = chosen
    require_known(target, "the class of the largest logit", predictions, batch.mask, "give it a logit of -inf")
    right = batch.labels[batch.mask] == chosen
    return predictions, CalibrationBins.of(prediction_probabilities(logits, chosen), right)


def _ranking(target: Target, batch: Batch) -> Ranking | None:
    """How much likelier the second class of each output is than the first; None where some have not just two."""
    if target.kind == "tags" or any(len(classes) != 2 for classes in target.classes):
        return None
    width = len(target.classes)
    scores = None if batch.logits is None else batch.logits[..., 1] - batch.logits[..., 0]
    known = batch.mask if batch.unseen is None else batch.mask & (batch.unseen == 0)
    return Ranking.of(scores, batch.labels == 1, known, width)


def _macro_and_weighted_f1(pairs: PairCounts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each output's macro and weighted F1, both (K,); 0 for an output without labels."""
    f1 = f1_scores(pairs.hits, pairs.support, pairs.predicted)  # (K, C)
    occurs = ~np.isnan(f1)
    known = np.where(occurs, f1, 0.0)
    macro = known.sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)
    weighted = (known * pairs.support).sum(axis=1) / np.maximum(pairs.support.sum(axis=1), 1)
    return macro, weighted


def _mean(values: NDArray[np.float64], weights: NDArray[np.integer]) -> float | None:
    """The weighted mean, or None when there is no weight."""
    return float(np.average(values, weights=weights)) if weights.any() else None


def _label_scores(target: Target, pairs: PairCounts, output: int) -> tuple[LabelScore, ...]:
    labels = target.classes[output]
    columns = zip(labels, pairs.hits[output], pairs.support[output], pairs.predicted[output], strict=False)
    return tuple(
        LabelScore.from_counts(label, int(hits), int(support), int(predicted))
        for label, hits, support, predicted in columns
    )
