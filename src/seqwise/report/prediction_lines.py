"""Formats the results of an evaluation: one line per prediction, metrics by split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.batching import Batch
from seqwise.evaluation.decoding import decode, log_softmax
from seqwise.models.decisions import Answer, Thresholds
from seqwise.targets import Target, label_text
from seqwise.task.prepare import Task

__all__ = ["PredictionLines", "calibration", "flattened"]


def calibration(targets: Sequence[Target], thresholds: Thresholds) -> dict[str, Any]:
    """The content of calibration.json: by multilabel target and label, the probability that is enough to predict it."""
    return {
        "thresholds": {
            target.name: dict(zip(map(label_text, target.labels), thresholds[target.name], strict=True))
            for target in targets
            if target.name in thresholds
        }
    }


def flattened(per_target: dict[str, Any]) -> dict[str, Any]:
    """A split's figures by target; with one target they also stand at the top, unless its name is that of a figure."""
    (name, figures), *others = per_target.items()
    return per_target if others or name in figures else {**figures, name: figures}


class PredictionLines:
    """Collects a line per row: its place, the labels, the prediction and the probability of what was predicted.

    Where a set of labels stands in columns of 0 and 1, each label may be missing by itself: `missing` has those.
    """

    def __init__(self, task: Task, part: str) -> None:
        self.task, self.part = task, part
        self.in_columns = {
            codec.target.name
            for codec in task.codecs
            if codec.target.kind == "multilabel" and codec.spec.form == "columns"
        }
        self.by_row: dict[int, dict[str, Any]] = {}

    def add(self, batch: Batch, answers: Mapping[str, Answer]) -> None:
        """Takes an evaluated batch."""
        for i, row in enumerate(batch.rows.tolist()):
            place = self.task.store.place(row)
            targets: dict[str, Any] = {}
            for target in self.task.targets:
                steps = int(batch.lengths[i])
                labels, mask = batch.labels[target.name][i], batch.masks[target.name][i]
                answer = answers[target.name].of_row(i)
                targets[target.name] = {
                    "label": _gold(target, labels, mask, steps),
                    "predicted": decode(target, answer.predictions, steps),
                }
                if target.name in self.in_columns:
                    targets[target.name]["missing"] = _missing(target, mask, steps)
                if target.kind == "label":
                    best = float(np.exp(log_softmax(answer.logits).max()))
                    targets[target.name]["probability"] = round(best, 6)
            self.by_row[row] = {"split": self.part, "file": place.file, "line": place.line, "targets": targets}


def _gold(target: Target, labels: NDArray[np.int64], mask: NDArray[np.bool_], steps: int) -> Any:
    """The user's labels of one row, None where missing, nested as `decode` nests predictions."""
    if target.per_step:
        return [_gold_one(target, labels[step], mask[step]) for step in range(steps)]
    return _gold_one(target, labels, mask)


def _missing(target: Target, mask: NDArray[np.bool_], steps: int) -> list[Any]:
    """The labels of which is not known whether they hold, nested as `decode` nests predictions."""
    if target.per_step:
        return [_missing_one(target, mask[step]) for step in range(steps)]
    return _missing_one(target, mask)


def _missing_one(target: Target, mask: NDArray[np.bool_]) -> list[Any]:
    return [label for label, there in zip(target.labels, mask, strict=True) if not there]


def _gold_one(target: Target, labels: Any, mask: Any) -> Any:
    if target.kind == "outputs":
        return {
            name: classes[label] if there else None
            for name, classes, label, there in zip(target.outputs, target.classes, labels, mask, strict=True)
        }
    if target.kind == "multilabel":
        return [label for label, held in zip(target.labels, labels, strict=True) if held] if mask.any() else None
    return target.labels[int(labels)] if mask else None
