"""Settings left open that are decided alike for all data, from their amount and kind."""

from __future__ import annotations

import numpy as np

from seqwise.training.defaults.facts import Choice, Choices, Facts

__all__ = ["batch_tokens", "common_choices", "max_epochs"]


def common_choices(facts: Facts) -> Choices:
    """The general settings."""
    return {
        "train.batch_tokens": Choice(batch_tokens(facts.steps), f"from {facts.steps:,} steps in the training part"),
        "train.max_epochs": Choice(max_epochs(facts.sequences), f"from {facts.sequences:,} training sequences"),
        "input.lower": Choice(facts.input.lower, "words without tags are lower-cased"),
    }


def batch_tokens(steps: int) -> int:
    """About 200 batches per epoch, between 256 and 1024 steps each."""
    return int(np.clip(2 ** round(np.log2(max(steps, 1) / 200)), 256, 1024))


def max_epochs(sequences: int) -> int:
    """Enough passes to show about 150,000 sequences, between 8 and 100 of them."""
    return int(np.clip(150_000 // max(sequences, 1), 8, 100))
