"""Settings left open for symbols (words, characters, bytes) with labels per sequence."""

from __future__ import annotations

from seqwise.nn import BAG
from seqwise.task.defaults.character_defaults import character_choices
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

__all__ = ["text_choices"]


def text_choices(facts: DataStatistics) -> Choices:
    """What these data need beside the general settings."""
    choices = character_choices(facts) | {
        "input.affixes": Choice(
            50_000 if facts.is_words else 0, "words have affixes and a shape, other symbols do not"
        ),
        "input.characters": Choice("none", "affix and shape features cover the spelling"),
    }
    if facts.effort == "seconds" and facts.is_words:
        choices["model.encoder"] = Choice(BAG, "n-grams alone train fast, by train.effort")
    return choices
