"""Settings left open that are decided alike for all data, from their amount and kind."""

from __future__ import annotations

import numpy as np

from seqwise.config import TrainConfig
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

__all__ = ["batch_tokens", "common_choices", "max_epochs", "planned_epochs"]

_TAGGED_BATCHES = 3000
"""Batches that teach symbols with labels per step enough; more of them overfit before the learning rate has fallen."""


def common_choices(facts: DataStatistics) -> Choices:
    """The general settings."""
    return {
        "train.batch_tokens": Choice(
            batch_tokens(facts.steps), f"from {facts.steps:,} tokens or time steps of training data"
        ),
        "train.max_epochs": _epochs(facts),
        **_patience(facts),
        "input.lower": Choice(facts.input.lower, "words without tags are lower-cased"),
    }


def batch_tokens(steps: int) -> int:
    """About 200 batches per epoch, between 256 and 1024 steps each."""
    return int(np.clip(2 ** round(np.log2(max(steps, 1) / 200)), 256, 1024))


def max_epochs(sequences: int) -> int:
    """Enough passes to show about 150,000 sequences, between 8 and 100 of them."""
    return int(np.clip(150_000 // max(sequences, 1), 8, 100))


def planned_epochs(facts: DataStatistics) -> int:
    """The passes of `minutes`: `max_epochs`, and of symbols with labels per step about 3,000 batches, if that is less.

    Sequences differ in length: 111 proteins have as many labels as 1,300 sentences (benchmarks/LOG.md).
    """
    most = max_epochs(facts.sequences)
    if not _is_tagged(facts):
        return most
    batches = max(facts.steps / batch_tokens(facts.steps), 1)
    return min(most, max(round(_TAGGED_BATCHES / batches), 8))


def _epochs(facts: DataStatistics) -> Choice:
    epochs = planned_epochs(facts)
    if epochs < max_epochs(facts.sequences):
        return Choice(epochs, f"from {facts.steps:,} tokens or time steps of training data")
    return Choice(epochs, f"from {facts.sequences:,} training sequences")


def _patience(facts: DataStatistics) -> Choices:
    """A third of many passes: the dev figures of few sequences leap until the learning rate falls."""
    patience = planned_epochs(facts) // 3
    if not _is_tagged(facts) or facts.effort == "seconds" or patience <= TrainConfig().patience:
        return {}
    return {"train.patience": Choice(patience, "a third of the epochs: dev figures on small data are noisy")}


def _is_tagged(facts: DataStatistics) -> bool:
    return facts.is_per_step and not facts.input.is_series
