"""Settings left open that are decided alike for all data, from their amount and kind."""

from __future__ import annotations

import numpy as np

from seqwise.training.defaults.facts import Choice, Choices, Facts

__all__ = ["batch_tokens", "common_choices", "max_epochs", "ngrams"]


_FEW_WORDS = 30
"""Words of a text, on average, up to which runs of signs are read."""


def common_choices(facts: Facts) -> Choices:
    """The general settings."""
    return {
        "train.batch_tokens": Choice(batch_tokens(facts.steps), f"from {facts.steps:,} steps in the training part"),
        "train.max_epochs": Choice(max_epochs(facts.sequences), f"from {facts.sequences:,} training sequences"),
        "input.lower": Choice(facts.input.lower, "words without tags are lower-cased"),
        **ngrams(facts),
    }


def ngrams(facts: Facts) -> Choices:
    """Runs of two words and of five signs, for targets with one label per sequence.

    The many runs of signs of a long text drown its words, which say enough there.
    """
    if facts.input.is_series or not facts.is_pooled:
        reason = "only symbols with a label per sequence are read as n-grams"
        return {"input.ngrams": Choice(0, reason), "input.sign_ngrams": Choice(0, reason)}
    if facts.is_words:
        is_short = facts.steps <= _FEW_WORDS * facts.sequences
        signs = Choice(5, "in short texts") if is_short else Choice(0, f"texts have more than {_FEW_WORDS} words")
        return {"input.ngrams": Choice(2, "of words"), "input.sign_ngrams": signs}
    return {"input.ngrams": Choice(5, "of signs"), "input.sign_ngrams": Choice(0, "a symbol is one sign")}


def batch_tokens(steps: int) -> int:
    """About 200 batches per epoch, between 256 and 1024 steps each."""
    return int(np.clip(2 ** round(np.log2(max(steps, 1) / 200)), 256, 1024))


def max_epochs(sequences: int) -> int:
    """Enough passes to show about 150,000 sequences, between 8 and 100 of them."""
    return int(np.clip(150_000 // max(sequences, 1), 8, 100))
