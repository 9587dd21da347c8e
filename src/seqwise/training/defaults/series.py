"""Settings left open for numeric series."""

from __future__ import annotations

from seqwise.training.defaults.facts import Choice, Choices, Facts

__all__ = ["series_choices"]


def series_choices(facts: Facts) -> Choices:
    """What these data need beside the general settings."""
    kind = facts.input.kind
    return {
        "input.parts": Choice(0, f"a {kind} has no words"),
        "input.characters": Choice("none", f"a {kind} has no characters"),
    }
