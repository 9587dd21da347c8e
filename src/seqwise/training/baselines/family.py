"""What every baseline is: a name, the targets that it suits, and a fit that ends in answers for rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.data.spec import InputSpec
from seqwise.targets import Target
from seqwise.task.prepare import Task

__all__ = ["Answer", "Answers", "Family", "affordable"]

_MOST_WORK = MappingProxyType({"seconds": 10e6, "minutes": 15e6, "best": 30e6})
"""By effort, microseconds of one core for a baseline and target; counted and not measured, so that runs repeat."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a baseline says of a batch, padded to the longest of its rows; one of the two.

    Attributes:
        logits: float32 of the shape that `seqwise.targets.Target` gives for logits.
        predictions: class indices of the shape of labels, from a baseline that states no probabilities.
    """

    logits: NDArray[np.float32] | None = None
    predictions: NDArray[np.int64] | None = None


Answers = Callable[[NDArray[np.int64]], Answer]
"""Rows of the store -> what a fitted baseline says of them."""


@dataclass(frozen=True)
class Family:
    """A kind of cheap model.

    Attributes:
        name: its key in metrics.json.
        title: what reports call it.
        suits: whether it can answer for a target on such input.
        work: about how many microseconds of one core the fit on these rows takes.
        fit: from task, target and training rows to answers; None where these rows teach nothing.
        package: a package that it needs and that seqwise does not always bring, with its name in Python.
        extra: the extra of seqwise that brings the package.
        reads_input: whether its answers depend on the sequence at all.
        usable: from task, target and training rows to those that it can be fitted on.
        encoder: the value of `model.encoder` that trains it as a model; None where it cannot be had as one.
    """

    name: str
    title: str
    suits: Callable[[Target, InputSpec], bool]
    work: Callable[[Task, LabelCodec, NDArray[np.int64]], float]
    fit: Callable[[Task, LabelCodec, NDArray[np.int64]], Answers | None]
    package: str | None = None
    extra: str | None = None
    reads_input: bool = True
    usable: Callable[[Task, LabelCodec, NDArray[np.int64]], NDArray[np.int64]] = lambda task, codec, rows: rows  # noqa: ARG005
    encoder: str | None = None


def affordable(family: Family, task: Task, codec: LabelCodec, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """These training rows, or as many of them at random as the limit of work allows."""
    if not len(rows):
        return rows
    work = family.work(task, codec, rows)
    most = _MOST_WORK[task.config.train.effort]
    if work <= most:
        return rows
    kept = max(int(len(rows) * most / work), 1)
    rng = np.random.default_rng(task.config.train.seed)
    return np.sort(rng.choice(rows, kept, replace=False))
