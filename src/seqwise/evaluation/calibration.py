"""Expected calibration error: how far the probabilities a model states are from how often it is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.evaluation.scores import Figure

__all__ = ["CalibrationBins", "prediction_probabilities"]

_BINS = 15
# Probabilities are summed as whole multiples of 2**-32, so that a sum is exact and no order of batches can
# change it; two thousand million labels fit into one bin.
_UNIT = 2.0**32


@dataclass(frozen=True, eq=False)
class CalibrationBins:
    """Labels gathered by the probability stated for their prediction; bin m of 15 holds (m/15, (m+1)/15].

    Attributes:
        counts: (15,) labels in each bin.
        hits: (15,) those that were right.
        stated: (15,) sums of the stated probabilities, in units of 2**-32.
    """

    counts: NDArray[np.int64]
    hits: NDArray[np.int64]
    stated: NDArray[np.int64]

    @classmethod
    def of(cls, probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> CalibrationBins:
        """The bins of one batch.

        Args:
            probabilities: (n,) probability stated for each prediction, in [0, 1].
            right: (n,) whether that prediction was right.
        """
        bins = np.clip(np.ceil(probabilities * _BINS).astype(np.int64) - 1, 0, _BINS - 1)
        sums = np.zeros((3, _BINS), dtype=np.int64)
        np.add.at(sums[0], bins, 1)
        np.add.at(sums[1], bins, right.astype(np.int64))
        np.add.at(sums[2], bins, np.rint(probabilities * _UNIT).astype(np.int64))
        return cls(sums[0], sums[1], sums[2])

    @classmethod
    def empty(cls) -> CalibrationBins:
        """The bins of nothing."""
        return cls.of(np.zeros(0), np.zeros(0, dtype=bool))

    def __add__(self, other: CalibrationBins) -> CalibrationBins:
        return CalibrationBins(self.counts + other.counts, self.hits + other.hits, self.stated + other.stated)

    def error(self) -> Figure:
        """The expected calibration error: sum over bins of (n_m / n) |accuracy_m - mean probability_m|.

        Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), "On calibration of modern neural
        networks", ICML, equation 3, with their 15 equal bins.

        Examples:
            >>> CalibrationBins.of(np.array([0.75, 0.75]), np.array([True, False])).error().value
            0.25
        """
        total = int(self.counts.sum())
        gaps = np.abs(self.hits - self.stated / _UNIT)
        return Figure(float(gaps.sum()) / total, total) if total else Figure(None, 0)


def prediction_probabilities(logits: NDArray[np.float64], predictions: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability (n,) that softmax over logits (n, C) gives to each prediction (n,).

    For the class with the largest logit that is the top probability. Logits of -inf are classes that cannot
    be; the largest logit of each row must be finite.

    Examples:
        >>> prediction_probabilities(np.array([[1.0, 1.0], [3.0, -np.inf]]), np.array([1, 0])).tolist()
        [0.5, 1.0]
    """
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    chosen = np.take_along_axis(weights, predictions[:, None], axis=-1)[:, 0]
    probabilities: NDArray[np.float64] = chosen / weights.sum(axis=-1)
    return probabilities
