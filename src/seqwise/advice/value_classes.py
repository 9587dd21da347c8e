"""Derives the classes from the values of labels: their number, and the value of each."""

from __future__ import annotations

from collections.abc import Sequence

from seqwise.advice.array_statistics import ArrayStatistics, Value

__all__ = ["ASSUMED_CLASSES", "guessed_classes", "may_have_classes", "only_negative", "values_of_classes"]

ASSUMED_CLASSES = 3
"""Shown where neither logits nor values say how many classes there are."""


def may_have_classes(facts: ArrayStatistics, classes: int) -> bool:
    """Whether labels of these values can belong to so many classes."""
    if facts.values is None or len(facts.values) == classes:
        return classes > 1
    kept = [value for value in facts.values if value != only_negative(facts.values)]
    return classes > 1 and _are_indices(kept, classes) and (not facts.complete or len(kept) == classes)


def guessed_classes(facts: ArrayStatistics) -> int:
    """How many classes there are, where no logits say it.

    Class indices that were seen in an array may be some of them: where at least half of those up to the largest were
    seen, the largest decides.
    """
    values = facts.values
    if values is None:
        return ASSUMED_CLASSES
    numbers = [value for value in values if isinstance(value, int)]
    if not facts.complete and len(numbers) == len(values) > 0 and min(numbers) >= 0 and max(numbers) < 2 * len(values):
        return max(max(numbers) + 1, 2)
    return max(len(values), 2)


def values_of_classes(facts: ArrayStatistics, classes: int) -> tuple[tuple[Value, ...] | None, int | None]:
    """The value of each class, None where labels are class indices; and the value of labels that do not count."""
    values = facts.values
    if values is None:
        return None, facts.missing
    if len(values) != classes and facts.missing is None and (negative := only_negative(values)) is not None:
        return None, negative
    if _are_indices(values, classes) and (not facts.complete or values == tuple(range(classes))):
        return None, facts.missing
    return values, facts.missing


def only_negative(values: Sequence[Value]) -> int | None:
    """The one negative number among the values; None where there is none, or more than one."""
    found = [value for value in values if isinstance(value, int) and value < 0]
    return found[0] if len(found) == 1 else None


def _are_indices(values: Sequence[Value], classes: int) -> bool:
    return all(isinstance(value, int) and 0 <= value < classes for value in values)
