"""Settings left open for symbols (words, characters, bytes) with labels per sequence."""

from __future__ import annotations

from seqwise.training.defaults.facts import Choice, Choices, Facts

__all__ = ["text_choices"]


def text_choices(facts: Facts) -> Choices:
    """What these data need beside the general settings."""
    return {
        "input.parts": Choice(50_000 if facts.is_words else 0, "words have parts, other symbols have none"),
        "input.characters": Choice("none", "parts of words do it"),
    }
