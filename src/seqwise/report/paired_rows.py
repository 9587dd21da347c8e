"""Collects what each sequence of a part counts under a trained model, and compares it with the baselines there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.batching import Batch
from seqwise.evaluation.paired import Counts, PairedCounts, differences
from seqwise.models.decisions import Answer
from seqwise.task.prepare import Task

__all__ = ["PartCounts"]


class PartCounts:
    """What each sequence of a part counts under a model, by target.

    Args:
        task: whose targets.
        rows: the part.
    """

    def __init__(self, task: Task, rows: NDArray[np.int64]) -> None:
        self.groups = task.store.groups[rows]
        self.targets = {target.name: PairedCounts(target, rows) for target in task.targets}

    def add(self, batch: Batch, answers: Mapping[str, Answer]) -> None:
        """Takes a batch that was evaluated."""
        for name, counts in self.targets.items():
            arrays = batch.labels[name], batch.masks[name], batch.lengths, answers[name].predictions
            counts.add(batch.rows, *arrays, batch.unseen.get(name))

    def against(self, baselines: Mapping[str, Mapping[str, Counts]]) -> dict[str, Any]:
        """By target, baseline and figure, how much higher the model's figure is."""
        return {
            name: {
                rival: {figure: difference.to_json() for figure, difference in found.items()}
                for rival, found in differences(
                    counts.target, counts.counts(), baselines.get(name, {}), self.groups
                ).items()
            }
            for name, counts in self.targets.items()
        }
