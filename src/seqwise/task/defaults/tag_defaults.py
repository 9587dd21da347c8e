"""Settings left open for symbols with labels per step, tags above all."""

from __future__ import annotations

from seqwise.task.defaults.character_defaults import character_choices
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

__all__ = ["tag_choices"]


def tag_choices(facts: DataStatistics) -> Choices:
    """What these data need beside the general settings.

    Parts and characters were chosen on the dev parts of Uyghur and Vietnamese treebanks and of entities in Swedish and
    in English tweets (benchmarks/LOG.md).
    """
    characters = Choice("cnn" if facts.is_words else "none", "words have a spelling, other symbols do not")
    if facts.effort == "seconds":
        characters = Choice("none", "character models take time, by train.effort")
    return character_choices(facts) | {
        "input.affixes": Choice(
            100_000 if facts.is_words else 0, "words have affixes and a shape, other symbols do not"
        ),
        "input.characters": characters,
    }
