"""Settings left open about n-grams of symbols: which ones are read, and what reads them."""

from __future__ import annotations

from seqwise.config import Config
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

__all__ = ["ngram_choices"]

_FEW_WORDS = 30
"""Words of a text, on average, up to which runs of signs are read."""
_BAG = 100
_MOST_WEIGHTS, _FEWEST = 10_000_000, 2000
"""Numbers of a regression, a weight for each n-gram and logit; and the fewest n-grams with which it makes sense."""


def ngram_choices(config: Config, facts: DataStatistics) -> Choices:
    """Runs of two words and of five signs, for targets with one label per sequence, and what reads them.

    The many runs of signs of a long text drown its words, which say enough there. A regression beside the network reads
    n-grams, and errs differently. The network reads them as well where it has a hard time without: in long texts, and
    where symbols are single signs; in short texts that gained nothing beside the regression, and of codes of a fixed
    length the symbols at their places are learned by heart (dev parts of eight sets, benchmarks/LOG.md).
    """
    if facts.input.is_series or not facts.is_pooled:
        reason = "only symbols with a label per sequence are read as n-grams"
        return {
            "input.ngrams": Choice(0, reason),
            "input.character_ngrams": Choice(0, reason),
            "model.bag": Choice(0, reason),
            "model.regression": Choice(False, reason),
        }
    choices = _lengths(facts)
    read = [
        value if (value := getattr(config.input, key.partition(".")[2])) is not None else choice.value
        for key, choice in choices.items()
    ]
    if not any(read):
        reason = "no n-grams are read"
        return choices | {"model.bag": Choice(0, reason), "model.regression": Choice(False, reason)}
    regression = {} if config.model.get("regression") is False else _regression(config, facts)
    is_read = bool(regression) and regression["model.regression"].value
    if (
        is_read
        and (facts.is_fixed or (facts.is_words and _is_short(facts)))
        and "ngram_dropout" not in config.model.model_fields_set
    ):
        bag = Choice(0, "the regression reads the n-grams")
    else:
        bag = Choice(_BAG, "the network reads the n-grams as well")
    return choices | {"model.bag": bag} | regression


def _lengths(facts: DataStatistics) -> Choices:
    if facts.is_words:
        many = Choice(0, f"texts have more than {_FEW_WORDS} words")
        signs = Choice(5, "in short texts") if _is_short(facts) else many
        return {"input.ngrams": Choice(2, "of words"), "input.character_ngrams": signs}
    return {
        "input.ngrams": Choice(5, "of characters"),
        "input.character_ngrams": Choice(0, "a symbol is one character"),
    }


def _regression(config: Config, facts: DataStatistics) -> Choices:
    """Whether there is one, and with how many n-grams: of thousands of classes it would be large."""
    logits = sum(target.logit_count for target in facts.targets if not target.per_step)
    most = _MOST_WEIGHTS // logits
    if most < min(_FEWEST, config.input.ngram_limit):
        return {"model.regression": Choice(False, f"{logits:,} logits would need too many weights")}
    found = {"model.regression": Choice(True, "it makes different errors than a network, and costs seconds")}
    if most < config.input.ngram_limit:
        found["input.ngram_limit"] = Choice(most, f"the regression has {logits:,} weights for each")
    return found


def _is_short(facts: DataStatistics) -> bool:
    return facts.steps <= _FEW_WORDS * facts.sequences
