"""How long the person wants to wait, `train.effort`, as settings that suit all kinds of data.

`minutes` is what the other files of this folder say. What only one kind of data needs for `seconds` or `best`, the
file for that kind says, by `Facts.effort`.
"""

from __future__ import annotations

from seqwise.training.defaults.common import max_epochs
from seqwise.training.defaults.facts import Choice, Choices, Facts

__all__ = ["effort_choices"]


def effort_choices(facts: Facts) -> Choices:
    """What an effort other than `minutes` needs beside the general settings."""
    if facts.effort == "seconds":
        reason = "few passes, by train.effort"
        return {
            "train.max_epochs": Choice(max(max_epochs(facts.sequences) // 3, 3), reason),
            "model.hidden": Choice(64, "a small state, by train.effort"),
        }
    if facts.effort == "best":
        return {"model.layers": Choice(2, "by train.effort")}
    return {}
