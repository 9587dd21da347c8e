"""What `model.encoder=tfidf` needs of the settings and the data: its regressions are found at once, without chance."""

from __future__ import annotations

from seqwise.config import Config, setting_text
from seqwise.data.spec import DataSpec
from seqwise.errors import ConfigError, listed
from seqwise.nn import ENCODERS, TFIDF
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics
from seqwise.task.defaults.rocket_defaults import UNSOLVED

__all__ = ["UNREAD", "check_tfidf", "tfidf_choices", "tfidf_ngrams"]

_MOST_NGRAMS, _MOST_WEIGHTS = 2_000_000, 100_000_000

UNREAD = (
    *UNSOLVED,
    *("input.min_count", "input.parts", "input.characters", "input.vectors", "input.symbol_dropout"),
    *("model.hidden", "model.layers", "model.bidirectional", "model.bag", "model.ngram_dropout", "model.regression"),
    *("loss.label_smoothing", "loss.class_weight", "loss.target_weight"),
    *("train.ensemble", "train.distill", "train.precision"),
)
"""What has no meaning for logistic regressions on n-grams, one for each class, output or label."""


def tfidf_ngrams(facts: DataStatistics) -> Choices:
    """Words and pairs of words, of characters runs of up to four; all of them, but for amounts that fill the memory."""
    logits = sum(target.logit_count for target in facts.targets if not target.per_step)
    limit = min(_MOST_NGRAMS, max(_MOST_WEIGHTS // max(logits, 1), 1))
    is_signs = facts.input.kind in ("characters", "bytes")
    return {
        "input.ngrams": Choice(4, "of characters, for tfidf") if is_signs else Choice(2, "of words, for tfidf"),
        "input.sign_ngrams": Choice(0, "tfidf reads whole symbols"),
        "input.ngram_limit": Choice(limit, f"tfidf has {logits:,} weights for each"),
    }


def tfidf_choices(facts: DataStatistics) -> Choices:
    """What the encoder needs beside the choices for the data."""
    reason = "the encoder is a regression on n-grams"
    return tfidf_ngrams(facts) | {
        "input.parts": Choice(0, reason),
        "input.characters": Choice("none", reason),
        "model.bag": Choice(0, reason),
        "model.regression": Choice(False, reason),
    }


def check_tfidf(config: Config, spec: DataSpec) -> None:
    """Refuses data that `tfidf` cannot read, and settings that change nothing.

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
    if (config.input.ngrams, config.input.sign_ngrams) in ((0, 0), (0, None)):
        raise ConfigError(f"input.ngrams is 0, but model.encoder is {TFIDF}, which reads nothing else\n  Leave it out.")
    defaults = Config()
    for key in UNREAD:
        section, name = key.split(".")
        value = getattr(getattr(config, section), name)
        is_empty = not value or value == "none"
        if not is_empty and value != getattr(getattr(defaults, section), name):
            raise ConfigError(
                f"{key} is {setting_text(value)}, but model.encoder is {TFIDF}, {_reason(key)}\n"
                "  Leave it out; it would change nothing."
            )


def _reason(key: str) -> str:
    if key in ("train.ensemble", "train.distill"):
        return "which nothing random decides: all models of an ensemble would be identical"
    return "whose logistic regressions do not use it"
