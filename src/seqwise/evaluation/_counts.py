"""Sums that add up over batches: which label met which prediction, and how many rows are right throughout."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["PairCounts", "RowCounts", "f1_scores"]


@dataclass(frozen=True, eq=False)
class PairCounts:
    """How often each label met each prediction: the cells of a (K, C, C) table that occur.

    Sparse, because a tag set of a thousand classes has a million cells and uses a few thousand of them.

    Attributes:
        outputs: K.
        classes: C.
        cells: (n,) positions in the flattened table, sorted and unique.
        counts: (n,) how often each occurred.
    """

    outputs: int
    classes: int
    cells: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        labels: NDArray[np.int64],
        predictions: NDArray[np.int64],
        mask: NDArray[np.bool_],
        *,
        classes: int,
    ) -> PairCounts:
        """The counts of one batch.

        Args:
            labels: (..., K) class indices.
            predictions: (..., K) class indices.
            mask: (..., K), True = this label counts.
            classes: C, the size of the class axis.
        """
        outputs = labels.shape[-1]
        output = np.broadcast_to(np.arange(outputs), labels.shape)[mask]
        flat = (output * classes + labels[mask]) * classes + predictions[mask]
        cells, counts = np.unique(flat, return_counts=True)
        return cls(outputs, classes, cells, counts)

    def __add__(self, other: PairCounts) -> PairCounts:
        cells, position = np.unique(np.concatenate([self.cells, other.cells]), return_inverse=True)
        counts = np.zeros(cells.size, dtype=np.int64)
        np.add.at(counts, position, np.concatenate([self.counts, other.counts]))
        return PairCounts(self.outputs, self.classes, cells, counts)

    @property
    def total(self) -> int:
        """How many labels were counted."""
        return int(self.counts.sum())

    @cached_property
    def support(self) -> NDArray[np.int64]:
        """(K, C): how often each class occurs in the labels."""
        return self._per_class(self.cells // self.classes)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """(K, C): how often each class was predicted."""
        output = self.cells // self.classes**2
        return self._per_class(output * self.classes + self.cells % self.classes)

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """(K, C): how often each class was predicted and right."""
        label = self.cells // self.classes
        return self._per_class(label, chosen=label % self.classes == self.cells % self.classes)

    def table(self) -> NDArray[np.int64]:
        """The dense (C, C) table of a single output, labels down and predictions across."""
        dense = np.zeros(self.classes**2, dtype=np.int64)
        dense[self.cells] = self.counts
        return dense.reshape(self.classes, self.classes)

    def confusions(self, most: int) -> list[tuple[int, int, int]]:
        """(label, prediction, count) of a single output's wrong pairs, the `most` frequent of them."""
        label, prediction = np.divmod(self.cells, self.classes)
        wrong = np.flatnonzero(label != prediction)
        order = wrong[np.argsort(-self.counts[wrong], kind="stable")][:most]
        return [(int(label[i]), int(prediction[i]), int(self.counts[i])) for i in order]

    def _per_class(self, position: NDArray[np.int64], chosen: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        sums = np.zeros(self.outputs * self.classes, dtype=np.int64)
        np.add.at(sums, position, self.counts if chosen is None else np.where(chosen, self.counts, 0))
        return sums.reshape(self.outputs, self.classes)


@dataclass(frozen=True)
class RowCounts:
    """How many rows have a label that counts, and how many of them are right throughout."""

    right: int
    rows: int

    @classmethod
    def of(cls, right: NDArray[np.bool_], mask: NDArray[np.bool_]) -> RowCounts:
        """The counts of one batch; the last axis of `right` and `mask` runs inside a row."""
        present = mask.any(axis=-1)
        whole = (right | ~mask).all(axis=-1) & present
        return cls(int(whole.sum()), int(present.sum()))

    def __add__(self, other: RowCounts) -> RowCounts:
        return RowCounts(self.right + other.right, self.rows + other.rows)


def f1_scores(hits: NDArray[np.int64], support: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 = 2 hits / (support + predicted), NaN where a class occurs in neither labels nor predictions.

    Examples:
        >>> f1_scores(np.array([1, 0]), np.array([1, 0]), np.array([3, 0])).tolist()
        [0.5, nan]
    """
    seen = support + predicted
    blank = np.full(seen.shape, np.nan)
    f1: NDArray[np.float64] = np.divide(2.0 * hits, seen, out=blank, where=seen > 0)
    return f1
