"""Counts predictions batch by batch and turns the counts into scores.

A tally keeps sums, never batches, so its scores are the same for every batch size and every order of batches,
and tallies of several processes add up to that of the whole. Padding and missing labels are in no sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqwise.errors import ConfigError, ShapeError, UsageError, ValuesError
from seqwise.evaluation._batch import Batch, checked_batch, empty_batch
from seqwise.evaluation._choices import ChoiceSums
from seqwise.evaluation._multilabel import MultilabelSums
from seqwise.evaluation.decoding import logit_cuts
from seqwise.evaluation.scores import Scores
from seqwise.targets import Target

__all__ = ["Tally", "tally_for"]


class _Sums(Protocol):
    def __add__(self, other: Self) -> Self: ...

    def scores(self) -> Scores: ...


class Tally:
    """The counts for one target; make one with `tally_for`.

    For multilabel targets it also keeps the logits (6 bytes a cell): average precision needs their order.

    Attributes:
        target: what is predicted.
        thresholds: the probability above which each label of a multilabel target is predicted, or None.
    """

    def __init__(self, target: Target, sums_of: Callable[[Batch], _Sums], thresholds: tuple[float, ...] | None):
        self.target = target
        self.thresholds = thresholds
        self._sums_of = sums_of
        self._sums = sums_of(empty_batch(target))

    def update(
        self,
        logits: ArrayLike | None,
        labels: ArrayLike,
        mask: ArrayLike,
        lengths: ArrayLike | None = None,
        predictions: ArrayLike | None = None,
        unseen: ArrayLike | None = None,
    ) -> None:
        """Counts one batch.

        Args:
            logits: float array, shaped as `Target` says for its kind: (B, C), (B, T, C), (B, K, C), (B, L),
                ...; None when only predictions are known, and then calibration and average precision count
                nothing. Class slots that an output does not have hold -inf. Padding may hold anything, NaN
                included.
            labels: integer class indices, shaped like the logits without their class axis; 0 or 1 for
                multilabel. Where `mask` is False they may hold anything.
            mask: boolean, shaped like the labels; True = this label counts (neither padding nor missing).
            lengths: (B,) for targets with labels per step: steps from `lengths[b]` on never count, whatever
                the mask says. Other targets have no time axis and do not look at it.
            predictions: integer class indices that were decided another way (a CRF, a baseline), shaped like
                the labels; without them the largest logit decides, the first of equal ones, and for
                multilabel a logit above the label's threshold. Calibration then looks at the probability of
                the class that was predicted.
            unseen: labels that are no class of the target, since training never saw them; whatever is predicted for
                them is wrong. See `seqwise.data.labels.LabelCodec.unseen` for shape and values.

        Raises:
            ShapeError: axes that do not fit the target or each other.
            DtypeError: labels or predictions not integers, a mask not boolean, logits not floats.
            ValuesError: where something counts: a label or prediction outside the classes, a logit of NaN.
            UsageError: neither logits nor predictions.
        """
        batch = checked_batch(self.target, logits, labels, mask, lengths, predictions, unseen)
        self._sums = self._sums + self._sums_of(batch)

    def __add__(self, other: Tally) -> Tally:
        if self.target != other.target or self.thresholds != other.thresholds:
            raise UsageError(
                f"tallies add up only for one target and one set of thresholds; "
                f"got '{self.target.name}' and '{other.target.name}'"
            )
        whole = Tally(self.target, self._sums_of, self.thresholds)
        whole._sums = self._sums + other._sums
        return whole

    def scores(self) -> Scores:
        """Figures and tables of everything counted so far, as `seqwise.evaluation.scores` defines them."""
        return self._sums.scores()


def tally_for(target: Target, thresholds: Sequence[float] | NDArray[np.floating] | None = None) -> Tally:
    """An empty tally that counts predictions for a target.

    Args:
        target: what is predicted.
        thresholds: (L,) for multilabel: a label is predicted when its probability is above its threshold, in
            [0, 1]; 0.5 (logit above 0) when not given.

    Raises:
        ConfigError: thresholds for another kind of target.
        ShapeError: not one threshold per label.
        ValuesError: a threshold outside [0, 1].

    Examples:
        >>> target = Target("intent", "label", (("book", "play"),), columns=("intent",))
        >>> tally = tally_for(target)
        >>> tally.update(np.array([[0.1, 2.0], [1.0, 0.3]]), np.array([1, 1]), np.array([True, True]))
        >>> tally.scores().figures["accuracy"].value
        0.5
    """
    if target.kind != "multilabel":
        if thresholds is not None:
            raise ConfigError(
                f"target '{target.name}' is of kind '{target.kind}': thresholds are for multilabel targets"
            )
        return Tally(target, partial(ChoiceSums.of, target), None)
    cuts = None if thresholds is None else _thresholds(target, thresholds)
    kept = None if cuts is None else tuple(cuts.tolist())
    return Tally(target, partial(MultilabelSums.of, target, cuts=logit_cuts(target, cuts)), kept)


def _thresholds(target: Target, thresholds: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    cuts = np.asarray(thresholds, dtype=np.float64)
    if cuts.shape != (target.class_count,):
        raise ShapeError(
            f"target '{target.name}': expected one threshold for each of {target.class_count} labels, "
            f"got shape {cuts.shape}"
        )
    wrong = np.flatnonzero(~((cuts >= 0) & (cuts <= 1)))
    if wrong.size:
        label = target.labels[int(wrong[0])]
        raise ValuesError(
            f"target '{target.name}': the threshold of '{label}' is {cuts[wrong[0]]}, expected a probability in [0, 1]"
        )
    return cuts
