"""What `model.encoder=tfidf` needs of the settings and the data: its regressions are found at once, without chance."""

from __future__ import annotations

from seqwise.config import Config
from seqwise.data.spec import DataSpec
from seqwise.errors import ConfigError, listed
from seqwise.nn import ENCODERS, TFIDF
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

__all__ = ["check_tfidf", "tfidf_choices", "tfidf_ngrams"]

_MOST_NGRAMS, _MOST_WEIGHTS = 2_000_000, 100_000_000


def tfidf_ngrams(facts: DataStatistics) -> Choices:
    """Words and pairs of words, of characters runs of up to four; all of them, but for amounts that fill the memory."""
    logits = sum(target.logit_count for target in facts.targets if not target.per_step)
    limit = min(_MOST_NGRAMS, max(_MOST_WEIGHTS // max(logits, 1), 1))
    is_signs = facts.input.kind in ("characters", "bytes")
    return {
        "input.ngrams": Choice(4, "of characters, for tfidf") if is_signs else Choice(2, "of words, for tfidf"),
        "input.character_ngrams": Choice(0, "tfidf reads whole symbols"),
        "input.ngram_limit": Choice(limit, f"tfidf has {logits:,} weights for each"),
    }


def tfidf_choices(facts: DataStatistics) -> Choices:
    """What the encoder needs beside the choices for the data."""
    reason = "the encoder is a regression on n-grams"
    return tfidf_ngrams(facts) | {
        "input.affixes": Choice(0, reason),
        "input.characters": Choice("none", reason),
    }


def check_tfidf(config: Config, spec: DataSpec) -> None:
    """Refuses data that `tfidf` cannot read, and settings that leave nothing to read.

    Raises:
        ConfigError: either.
    """
    stepwise = [target.name for target in spec.targets if target.per_step]
    if spec.input.is_series or stepwise:
        what = f"{listed(stepwise)} has labels per step" if stepwise else "the input is a numeric series"
        raise ConfigError(
            f"model.encoder is {TFIDF}, which reads the n-grams of whole texts, but {what}\n"
            f"  Choose another --encoder: {listed(ENCODERS)}."
        )
    if (config.input.ngrams, config.input.character_ngrams) in ((0, 0), (0, None)):
        raise ConfigError(f"input.ngrams is 0, but model.encoder is {TFIDF}, which reads nothing else\n  Leave it out.")
