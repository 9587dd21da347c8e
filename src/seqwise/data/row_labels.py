"""Labels without inputs, for losses of logits that were computed elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.data.store import Store

__all__ = ["Labelled", "RowLabels"]


class Labelled(Protocol):
    """The source of labels for a loss: the labels of a `Batch`, or `RowLabels`."""

    @property
    def labels(self) -> Mapping[str, NDArray[np.int64]]:
        """Per target name, class indices; see `seqwise.targets.Target` for the shapes."""

    @property
    def masks(self) -> Mapping[str, NDArray[np.bool_]]:
        """Per target name, of the labels' shape: True where a label is there."""


@dataclass(frozen=True)
class RowLabels:
    """Labels of some rows or steps, and nothing else of them.

    Attributes:
        labels: per target name, class indices; see `seqwise.targets.Target` for the shapes.
        masks: per target name, of the labels' shape: True where a label is there.
    """

    labels: Mapping[str, NDArray[np.int64]]
    masks: Mapping[str, NDArray[np.bool_]]

    @classmethod
    def of(cls, store: Store, codecs: Sequence[LabelCodec], rows: NDArray[np.int64]) -> RowLabels:
        """Those of whole sequences.

        Args:
            store: encoded rows.
            codecs: one per target, each with labels per sequence.
            rows: of the store.
        """
        found = {codec.target.name: codec.batch(store, rows, 1) for codec in codecs}
        return cls(
            {name: labels for name, (labels, _) in found.items()}, {name: mask for name, (_, mask) in found.items()}
        )

    @classmethod
    def joined(cls, parts: Sequence[RowLabels]) -> RowLabels:
        """Those of one after the other; at least one."""
        return cls(
            {name: np.concatenate([part.labels[name] for part in parts]) for name in parts[0].labels},
            {name: np.concatenate([part.masks[name] for part in parts]) for name in parts[0].masks},
        )

    def as_sequence(self, chosen: NDArray[np.int64]) -> RowLabels:
        """Those of some steps, in a first axis of one sequence."""
        return RowLabels(
            {name: labels[chosen][None] for name, labels in self.labels.items()},
            {name: mask[chosen][None] for name, mask in self.masks.items()},
        )
