"""A law: two numbers that must be equal, at every size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import Loss
from seqwise.doctor.facts import sizes, slack

__all__ = ["Comparison", "Law", "Size", "compared", "loss_sizes", "never"]

Size = tuple[int, int]
"""Rows and steps."""


@dataclass(frozen=True)
class Comparison:
    """Two numbers that must be equal, and the arrays they were computed from.

    Attributes:
        arrays: what was given, by the user's names; lists of numbers.
        numbers: both numbers with what each is.
        tolerance: by how much they may differ, relative to 1 plus the second number.
        context: facts of this comparison that help to name the bug.
    """

    arrays: Mapping[str, Any]
    numbers: tuple[tuple[str, float], tuple[str, float]]
    tolerance: float = 1e-4
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether the numbers are finite and equal."""
        (_, first), (_, second) = self.numbers
        return bool(abs(first - second) <= self.tolerance * (1.0 + abs(second)))  # NaN agrees with nothing

    def to_json(self) -> dict[str, Any]:
        """The example as plain values; numbers that JSON does not know are strings."""
        return {"arrays": _plain(dict(self.arrays)), "numbers": {what: _plain(number) for what, number in self.numbers}}


def loss_sizes(loss: Loss) -> list[Size]:
    """Two sizes that tell all axes apart."""
    return sizes(loss.classes)


@dataclass(frozen=True)
class Law:
    """Something that holds for every right loss (or model).

    Attributes:
        name: the law, as a sentence.
        untested: why it cannot be tested on this one; None when it can.
        comparisons: pairs of numbers that must be equal, for a size.
        bug: the name of the bug, given a comparison that failed; None when it has no name.
        sizes: sizes to test.
        smaller: sizes to look for an example at when it fails, the smallest first.
    """

    name: str
    untested: Callable[[Any], str | None]
    comparisons: Callable[[Any, Size], Iterable[Comparison]]
    bug: Callable[[Any, Comparison], str | None]
    sizes: Callable[[Any], list[Size]] = loss_sizes
    smaller: tuple[Size, ...] = ((1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3))


def never(_: Any) -> None:
    """For laws that can be tested on everything."""
    return


def compared(
    loss: Loss,
    arrays: Mapping[str, Any],
    first: tuple[str, float],
    second: tuple[str, float],
    *,
    tolerance: float = 1e-4,
    **context: Any,
) -> Comparison:
    """A comparison whose arrays, given by role, carry the user's names."""
    tolerance = slack(loss, tolerance)
    named = {loss.parameter(role): value for role, value in arrays.items() if role not in ("channel",)}
    return Comparison(named, (first, second), tolerance, context)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else str(value)
    return value
