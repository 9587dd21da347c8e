"""What every baseline is: a name, the targets that it suits, and a fit that ends in answers for rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec
from seqwise.data.spec import InputSpec
from seqwise.targets import Target
from seqwise.training.prepare import Task

__all__ = ["Answer", "Answers", "Family", "joined_symbols"]


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


def joined_symbols(task: Task) -> str:
    """What stands between the symbols of an n-gram: nothing where they are signs, else a blank."""
    return "" if task.store.spec.input.kind in ("characters", "bytes") else " "
