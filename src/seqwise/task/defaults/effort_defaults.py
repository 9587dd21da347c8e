"""How long the person wants to wait, `train.effort`, as settings that suit all kinds of data.

What only one kind of data needs for an effort, the file for that kind says, by `DataStatistics.effort`.
"""

from __future__ import annotations

import numpy as np

from seqwise.config import Config
from seqwise.nn import BAG
from seqwise.task.defaults.common_defaults import max_epochs, planned_epochs
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

__all__ = ["effort_choices"]

_STEPS_OF_BEST = 30_000_000
"""Steps that all members of an ensemble go through in about ten minutes on two processor cores."""

_QUICK_STEPS = 1_500_000
"""Steps that one model goes through in half a minute: what is learned of so few data hangs on the seed."""


def effort_choices(config: Config, facts: DataStatistics) -> Choices:
    """How many models are trained, and what `seconds` leaves out."""
    if facts.effort == "seconds":
        return _seconds(facts) | {"train.ensemble": Choice(1, "one model, by train.effort")}
    if facts.input.is_series and facts.is_per_step:
        return {}  # heads are solved for, which members of an ensemble do not have
    work = max(facts.steps * planned_epochs(facts), 1)
    if facts.effort == "best":
        members = int(np.clip(_STEPS_OF_BEST // work, 3, 5))
        return {"train.ensemble": Choice(members, "number of models, by train.effort and the amount of data")}
    is_one = facts.input.is_series or config.model.is_folder or config.model.encoder == BAG or config.train.budget
    if is_one or work > _QUICK_STEPS:
        return {}
    return {"train.ensemble": Choice(3, f"number of models: one sees only {work:,} tokens or time steps in all epochs")}


def _seconds(facts: DataStatistics) -> Choices:
    """A small state, and a third of the passes; half of them where n-grams are all that is read."""
    epochs, why = max_epochs(facts.sequences), "few passes, by train.effort"
    if facts.is_words and not facts.is_per_step:
        return {"train.max_epochs": Choice(max(epochs // 2, 5), why)}
    return {
        "model.hidden": Choice(64, "a small hidden size, by train.effort"),
        "train.max_epochs": Choice(min(max(epochs // 3, 4), planned_epochs(facts)), why),
    }
