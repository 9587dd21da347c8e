"""The majority baseline: what a model must beat to have learned anything from its input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seqwise.errors import ShapeError
from seqwise.targets import Target

__all__ = ["MajorityBaseline"]


@dataclass(frozen=True, eq=False)
class MajorityBaseline:
    """Predicts for every sequence what was most frequent in training, whatever the input says.

    The most frequent label; the most frequent tag at every step; each output's most frequent class; and for
    multilabel each label's majority of yes and no, which mostly means no label at all. Ties go to the first
    class.

    Attributes:
        target: what is predicted.
        choice: the predicted class index: () for `label` and `tags`, (K,) for `outputs`, (L,) of 0 and 1 for
            `multilabel`.
    """

    target: Target
    choice: NDArray[np.int64]

    @classmethod
    def from_counts(cls, target: Target, counts: ArrayLike) -> MajorityBaseline:
        """The baseline of a training set.

        Args:
            target: what is predicted.
            counts: how often each class occurs in training: (C,) for `label` and `tags`; (K, C) for
                `outputs`, with C the largest number of classes; (L, 2) for `multilabel`, rows without and
                with each label.

        Raises:
            ShapeError: counts of another shape.

        Examples:
            >>> target = Target("intent", "label", (("book", "play"),))
            >>> MajorityBaseline.from_counts(target, [3, 5]).predictions((2,)).tolist()
            [1, 1]
        """
        array = np.asarray(counts)
        expected = {
            "outputs": (len(target.classes), target.class_count),
            "multilabel": (target.class_count, 2),
        }.get(target.kind, (target.class_count,))
        if array.shape != expected:
            raise ShapeError(f"target '{target.name}': label counts must be {expected}, got shape {array.shape}")
        return cls(target, np.asarray(array.argmax(axis=-1), dtype=np.int64))

    def predictions(self, labels_shape: tuple[int, ...]) -> NDArray[np.int64]:
        """Class indices for labels of this shape, for `Tally.update(None, labels, mask, predictions=...)`."""
        return np.broadcast_to(self.choice, labels_shape)
