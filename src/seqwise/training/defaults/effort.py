"""How long the person wants to wait, `train.effort`, as settings that suit all kinds of data.

`minutes` is what the other files of this folder say. What only one kind of data needs for `seconds` or `best`, the
file for that kind says, by `Facts.effort`.
"""

from __future__ import annotations

import numpy as np

from seqwise.training.defaults.common import max_epochs, planned_epochs
from seqwise.training.defaults.facts import Choice, Choices, Facts

__all__ = ["effort_choices"]

_STEPS_OF_BEST = 30_000_000
"""Steps that all members of an ensemble go through in about ten minutes on two processor cores."""


def effort_choices(facts: Facts) -> Choices:
    """What an effort other than `minutes` needs beside the general settings."""
    if facts.effort == "seconds":
        return _seconds(facts)
    if facts.effort == "best":
        work = max(facts.steps * planned_epochs(facts), 1)
        members = int(np.clip(_STEPS_OF_BEST // work, 3, 5))
        return {"train.ensemble": Choice(members, "members of an ensemble, by train.effort and the amount of data")}
    return {}


def _seconds(facts: Facts) -> Choices:
    """A small state, and a third of the passes; half of them where n-grams are all that is read."""
    epochs, why = max_epochs(facts.sequences), "few passes, by train.effort"
    if facts.is_words and not facts.is_per_step:
        return {"train.max_epochs": Choice(max(epochs // 2, 5), why)}
    return {
        "model.hidden": Choice(64, "a small state, by train.effort"),
        "train.max_epochs": Choice(min(max(epochs // 3, 4), planned_epochs(facts)), why),
    }
