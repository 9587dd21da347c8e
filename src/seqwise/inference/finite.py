"""Rejects logits that are not finite instead of predicting from them."""

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
    """Raises if the logits of a row are not finite.

    Args:
        targets: the predicted targets.
        answers: the model's output for the batch, by target.
        batch: the input.
        place: returns file and line of a row, given its number.

    Raises:
        ValuesError: names the first such row and its target.
    """
    for target in targets:
        logits = answers[target.name].logits
        decisive = logits if target.kind == "multilabel" else logits.max(axis=-1)  # -inf marks an impossible class
        is_finite = np.isfinite(decisive)
        if is_finite.all():
            continue
        if target.per_step:
            steps = is_finite.reshape(*is_finite.shape[:2], -1).all(axis=2)
            is_finite = steps | ~lengths_to_mask(batch.lengths, steps.shape[1])
        by_row = is_finite.reshape(len(batch.rows), -1).all(axis=1)
        for row in batch.rows[~by_row]:
            raise ValuesError(
                f"{place(int(row))}: the model's output for '{target.name}' is not finite, so there is "
                "no prediction\n  The values of this row or the weights of the model are too large."
            )
