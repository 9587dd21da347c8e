"""Compares two models on the same sequences: the difference of a figure, with an interval by the bootstrap.

Labels of one sequence are not independent, and neither are two models evaluated on the same sequences. So what is drawn
again, with replacement, are whole sequences (or groups of them that belong together), each with the counts of both
models: figures are recomputed from the sums, and the middle 95% of their differences are the interval (Efron and
Tibshirani, 1993, "An Introduction to the Bootstrap"; for F1, Berg-Kirkpatrick et al., 2012, "An Empirical Investigation
of Statistical Significance in NLP").

Two made-up sequences of the mean size are drawn with the real ones, in which one model is right throughout and the
other wrong: without them the interval of a few sequences would be too narrow, and that of two models which never differ
would have no width. For accuracy it is the correction of Bonett and Price (2012), "Adjusted Wald Confidence Interval
for a Difference of Binomial Proportions Based on Paired Data".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqwise.evaluation._batch import Batch, checked_batch
from seqwise.evaluation.spans import evaluated_scheme, evaluated_tags, span_counts_by_row
from seqwise.targets import Target

__all__ = ["FEW_SEQUENCES", "Counts", "Difference", "PairedCounts", "differences"]

FEW_SEQUENCES = 30
"""With fewer independent sequences no model is said to be better than another."""

_RESAMPLES, _BLOCK = 1000, 100
_MOST_COLUMNS = 1200  # of one model: macro F1 of more classes gets no interval

Counts = Mapping[str, NDArray[np.int64]]
"""Per figure, (sequences, columns) what each sequence adds to the sums from which the figure is computed."""


@dataclass(frozen=True)
class Difference:
    """How much higher a figure of one model is than that of another on the same sequences.

    Attributes:
        value: the difference; None where one of the figures is undefined.
        low: lower end of its 95% interval.
        high: upper end of it.
        sequences: how many independent sequences, or groups of them, it rests on.
    """

    value: float | None
    low: float | None
    high: float | None
    sequences: int

    def to_json(self) -> dict[str, Any]:
        """The plain form that metrics.json keeps."""
        return asdict(self)


class PairedCounts:
    """Collects what each sequence counts for the figures of one target that can be compared.

    Args:
        target: what is predicted.
        rows: the numbers of the sequences that will come, in any order.
    """

    def __init__(self, target: Target, rows: NDArray[np.int64]) -> None:
        self.target = target
        self._place = {int(row): place for place, row in enumerate(rows)}
        self._found: dict[str, NDArray[np.int64]] = {}

    def add(
        self,
        rows: NDArray[np.int64],
        labels: ArrayLike,
        mask: ArrayLike,
        lengths: ArrayLike,
        predictions: ArrayLike,
        unseen: ArrayLike | None = None,
    ) -> None:
        """Takes the sequences of a batch; arrays as for `Tally.update`."""
        places = [self._place[int(row)] for row in rows]
        batch = checked_batch(self.target, None, labels, mask, lengths, predictions, unseen)
        for name, counts in _counts(self.target, batch).items():
            blank = np.zeros((len(self._place), counts.shape[1]), dtype=np.int64)
            self._found.setdefault(name, blank)[places] = counts

    def counts(self) -> Counts:
        """The collected values, in the order of the rows."""
        return dict(self._found)


def _counts(target: Target, batch: Batch) -> dict[str, NDArray[np.int64]]:
    """By figure, the sums of each sequence; labels that training never saw count as `Tally` counts them."""
    labels, predictions, mask, rows = batch.labels, batch.predictions, batch.mask, len(batch.labels)
    assert predictions is not None
    sums = [(part & mask).reshape(rows, -1).sum(axis=1) for part in (labels == predictions, mask)]
    if target.kind == "multilabel":
        sums[1] = sums[1] + _unseen_in_sets(batch)
    found = {"accuracy": np.stack(sums, axis=1)}
    if target.marks_spans:
        tags = evaluated_tags(labels, batch.unseen)
        found["span_f1"] = span_counts_by_row(evaluated_scheme(target), tags, predictions, mask)
    if target.kind == "multilabel" or 3 * len(target.classes) * target.class_count <= _MOST_COLUMNS:
        by_class = _by_class(target, batch)
        found["macro_f1"] = by_class.reshape(rows, -1)
        if target.kind == "multilabel":
            found["micro_f1"] = by_class.sum(axis=2)
    return found


def _unseen_in_sets(batch: Batch) -> NDArray[np.int64]:
    """(sequences,) how many labels of its sets training never saw."""
    rows = len(batch.labels)
    if batch.unseen is None:
        return np.zeros(rows, dtype=np.int64)
    found: NDArray[np.int64] = batch.unseen.reshape(rows, -1).sum(axis=1)
    return found


def _by_class(target: Target, batch: Batch) -> NDArray[np.int64]:
    """(sequences, 3, classes) hits, support and predictions of each class of each output, or of each label's yes.

    The last class of an output, or the last label, is whatever training never saw: it has a support and no hits.
    """
    labels, predictions, mask, rows = batch.labels, batch.predictions, batch.mask, len(batch.labels)
    assert predictions is not None
    if target.kind == "multilabel":
        yes = [(labels == 1) & (predictions == 1), labels == 1, predictions == 1]
        cells = [(kind & mask).reshape(rows, -1, target.class_count).sum(axis=1) for kind in yes]
        strange = np.zeros((rows, 3, 1), dtype=np.int64)
        strange[:, 1, 0] = _unseen_in_sets(batch)
        return np.concatenate([np.stack(cells, axis=1).astype(np.int64), strange], axis=2)
    width = len(target.classes) if target.kind == "outputs" else 1
    sums = np.zeros((rows, 3, width, target.class_count + 1), dtype=np.int64)
    sequence = np.broadcast_to(np.arange(rows).reshape(-1, *[1] * (labels.ndim - 1)), labels.shape)
    output = np.broadcast_to(np.arange(width), labels.shape) if width > 1 else np.zeros_like(labels)
    for kind, (values, counted) in enumerate(
        ((labels, mask & (labels == predictions)), (labels, mask), (predictions, mask))
    ):
        np.add.at(sums[:, kind], (sequence[counted], output[counted], values[counted]), 1)
    return sums.reshape(rows, 3, -1)


def differences(
    target: Target, mine: Counts, others: Mapping[str, Counts], groups: NDArray[np.integer]
) -> dict[str, dict[str, Difference]]:
    """By other model and figure, how much higher that of the first model is.

    Args:
        target: what is predicted.
        mine: the counts of the first model.
        others: by name, those of other models on the same sequences.
        groups: (sequences,) which of them belong together; a number of its own for each that stands alone.

    Examples:
        >>> target = Target("intent", "label", (("book", "play"),))
        >>> rows, labels = np.arange(100), np.zeros(100, dtype=np.int64)
        >>> def counts(predictions):
        ...     found = PairedCounts(target, rows)
        ...     found.add(rows, labels, labels == 0, np.ones(100, dtype=np.int64), predictions)
        ...     return found.counts()
        >>> found = differences(target, counts(labels), {"other": counts((rows < 20) * 1)}, rows)
        >>> round(found["other"]["accuracy"].value, 6), 0.1 < found["other"]["accuracy"].low < 0.2
        (0.2, True)
    """
    found: dict[str, dict[str, Difference]] = {name: {} for name in others}
    if not mine:
        return found
    is_evaluated = _of_groups(mine["accuracy"], groups)[:, 1] > 0  # a sequence without a label tells nothing
    for figure, own in mine.items():
        rivals = {name: counts[figure] for name, counts in others.items() if figure in counts}
        if not rivals:
            continue
        sums = _of_groups(np.concatenate([own, *rivals.values()], axis=1), groups)
        sums = sums[is_evaluated]
        models = len(rivals) + 1
        whole = _values(target, figure, sums.sum(axis=0)[None], models)[0]
        drawn = np.concatenate([_values(target, figure, block, models) for block in _resampled(figure, sums, models)])
        for place, name in enumerate(rivals, start=1):
            found[name][figure] = _difference(whole[0] - whole[place], drawn[:, 0] - drawn[:, place], len(sums))
    return found


def _of_groups(counts: NDArray[np.int64], groups: NDArray[np.integer]) -> NDArray[np.int64]:
    distinct, group = np.unique(groups, return_inverse=True)
    if len(distinct) == len(groups):
        return counts
    sums = np.zeros((len(distinct), counts.shape[1]), dtype=np.int64)
    np.add.at(sums, group, counts)
    return sums


def _resampled(figure: str, sums: NDArray[np.int64], models: int) -> Iterator[NDArray[np.float64]]:
    """Blocks of (resamples, columns) sums over sequences drawn again; equal sequences are drawn together."""
    rng = np.random.default_rng(0)
    distinct, times = np.unique(sums, axis=0, return_counts=True)
    columns = np.concatenate([distinct.astype(np.float64), _made_up(figure, sums, models)])
    shares = np.append(times, [1, 1]) / (len(sums) + 2)
    for _ in range(0, _RESAMPLES, _BLOCK):
        yield rng.multinomial(len(sums) + 2, shares, size=_BLOCK) @ columns


def _made_up(figure: str, sums: NDArray[np.int64], models: int) -> NDArray[np.float64]:
    """(2, columns) a sequence of the mean size that the first model alone has right, and one it alone has wrong."""
    kinds = _kinds(figure)
    width = sums.shape[1] // (kinds * models)
    gold = sums[:, width : 2 * width].mean(axis=0) if len(sums) else np.zeros(width)
    right, wrong = np.tile(gold, kinds), np.concatenate([np.zeros(width), np.tile(gold, kinds - 1)])
    rivals = models - 1
    return np.stack([np.concatenate([right, *[wrong] * rivals]), np.concatenate([wrong, *[right] * rivals])])


def _kinds(figure: str) -> int:
    """Of accuracy hits and labels are counted; of F1 hits, what is there and what was predicted."""
    return 2 if figure == "accuracy" else 3


def _values(target: Target, figure: str, sums: NDArray[Any], models: int) -> NDArray[np.float64]:
    """(samples, models) the figure for sums (samples, columns); NaN where it is undefined."""
    by_kind = np.moveaxis(sums.reshape(len(sums), models, _kinds(figure), -1), 2, 0)
    hits, gold, *rest = by_kind
    if figure == "accuracy":
        return _ratio(hits, gold)[..., 0]
    f1 = _ratio(2.0 * hits, gold + rest[0])
    if figure == "span_f1":
        return np.where(gold > 0, f1, np.nan)[..., 0]
    outputs = len(target.classes) if target.kind == "outputs" else 1
    by_output = (*f1.shape[:2], outputs, -1)
    occurs = ~np.isnan(f1).reshape(by_output)
    known = np.where(occurs, f1.reshape(by_output), 0.0).sum(axis=-1)
    is_evaluated = gold.reshape(by_output).any(axis=-1) if target.kind != "multilabel" else occurs.any(axis=-1)
    macro = np.where(is_evaluated, known / np.maximum(occurs.sum(axis=-1), 1), 0.0)
    return _ratio(macro.sum(axis=-1), is_evaluated.sum(axis=-1))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    blank = np.full(whole.shape, np.nan)
    found: NDArray[np.float64] = np.divide(part, whole, out=blank, where=whole > 0)
    return found


def _difference(value: float, drawn: NDArray[np.float64], sequences: int) -> Difference:
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(known):
        return Difference(None, None, None, sequences)
    low, high = np.quantile(known, (0.025, 0.975)).tolist()
    return Difference(float(value), low, high, sequences)
