"""Refuses to give predictions of numbers that are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from seqwise.data.batching import Batch
from seqwise.data.records import Place
from seqwise.errors import ValuesError
from seqwise.masks import lengths_to_mask
from seqwise.models.decisions import Answer
from seqwise.targets import Target

__all__ = ["check_finite"]


def check_finite(
    targets: Sequence[Target], answers: Mapping[str, Answer], batch: Batch, place: Callable[[int], Place]
) -> None:
    """Raises where the model has no probabilities for a row.

    Args:
        targets: what is predicted.
        answers: to the batch, by target.
        batch: what was read.
        place: of a row, by its number.

    Raises:
        ValuesError: naming the first such row and its target.
    """
    for target in targets:
        logits = answers[target.name].logits
        decisive = logits if target.kind == "multilabel" else logits.max(axis=-1)  # a class may be impossible
        is_finite = np.isfinite(decisive)
        if is_finite.all():
            continue
        if target.per_step:
            steps = is_finite.reshape(*is_finite.shape[:2], -1).all(axis=2)
            is_finite = steps | ~lengths_to_mask(batch.lengths, steps.shape[1])
        by_row = is_finite.reshape(len(batch.rows), -1).all(axis=1)
        for row in batch.rows[~by_row]:
            raise ValuesError(
                f"{place(int(row))}: the model computes numbers for '{target.name}' that are not finite, so there is "
                "no prediction\n  The values of this row or the weights of the model are too large."
            )
