"""The classes that follow from label values: their number, and the value of each."""

from __future__ import annotations

from collections.abc import Sequence

from seqwise.advice.array_statistics import ArrayStatistics, Value

__all__ = ["ASSUMED_CLASSES", "guessed_classes", "may_have_classes", "only_negative", "values_of_classes"]

ASSUMED_CLASSES = 3
"""Example number of classes, where neither logits nor values determine it."""


def may_have_classes(statistics: ArrayStatistics, classes: int) -> bool:
    """Whether labels of these values can have this number of classes."""
    if statistics.values is None or len(statistics.values) == classes:
        return classes > 1
    kept = [value for value in statistics.values if value != only_negative(statistics.values)]
    return classes > 1 and _are_indices(kept, classes) and (not statistics.complete or len(kept) == classes)


def guessed_classes(statistics: ArrayStatistics) -> int:
    """Return the number of classes for labels without logits.

    An array may lack some class indices: where it contains at least half of those up to the largest, the largest
    decides.
    """
    values = statistics.values
    if values is None:
        return ASSUMED_CLASSES
    numbers = [value for value in values if isinstance(value, int)]
    if (
        not statistics.complete
        and len(numbers) == len(values) > 0
        and min(numbers) >= 0
        and max(numbers) < 2 * len(values)
    ):
        return max(max(numbers) + 1, 2)
    return max(len(values), 2)


def values_of_classes(statistics: ArrayStatistics, classes: int) -> tuple[tuple[Value, ...] | None, int | None]:
    """Return the value of each class, None for class indices; and the value of labels that do not count."""
    values = statistics.values
    if values is None:
        return None, statistics.missing
    if len(values) != classes and statistics.missing is None and (negative := only_negative(values)) is not None:
        return None, negative
    if _are_indices(values, classes) and (not statistics.complete or values == tuple(range(classes))):
        return None, statistics.missing
    return values, statistics.missing


def only_negative(values: Sequence[Value]) -> int | None:
    """Return the only negative number among the values; None if there is none, or more than one."""
    found = [value for value in values if isinstance(value, int) and value < 0]
    return found[0] if len(found) == 1 else None


def _are_indices(values: Sequence[Value], classes: int) -> bool:
    return all(isinstance(value, int) and 0 <= value < classes for value in values)
