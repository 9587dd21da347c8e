"""Settings left open for numeric series."""

from __future__ import annotations

from seqwise.data.spec import DataSpec
from seqwise.task.defaults.data_statistics import Choice, Choices, DataStatistics

__all__ = ["MOST_SOLVED", "series_choices", "suits_rocket"]

_FEW = 100

MOST_SOLVED = 2500
"""The most training series for which `rocket` is chosen: its time grows with the square of their number."""


def series_choices(facts: DataStatistics) -> Choices:
    """What these data need beside the general settings."""
    kind = facts.input.kind
    choices = {
        "input.affixes": Choice(0, f"a {kind} has no words"),
        "input.characters": Choice("none", f"a {kind} has no characters"),
    }
    if suits_rocket(facts.spec, facts.expected):
        choices["model.encoder"] = Choice("rocket", f"at most {MOST_SOLVED:,} series with one label each")
    if facts.is_per_step:
        choices["model.context_window"] = Choice(True, "series with a label per time step")
        kinds = {target.kind for target in facts.targets}
        if facts.sequences <= _FEW and "multilabel" not in kinds:
            choices["train.metric"] = Choice(
                "loss", f"at most {_FEW} series: on a small dev part the loss is less noisy"
            )
    return choices


def suits_rocket(spec: DataSpec, expected: int) -> bool:
    """Whether `rocket` is chosen unless settings speak against it.

    Args:
        spec: the columns and their kinds.
        expected: see `expected_sequences`.
    """
    return spec.input.is_series and not any(target.per_step for target in spec.targets) and expected <= MOST_SOLVED
