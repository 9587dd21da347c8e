"""The figures to reach, as they were set before anything was measured: ratios, lower is better."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from seqwise.bench import Measured

__all__ = ["GOALS", "Goal", "Outcome", "outcomes"]


@dataclass(frozen=True)
class Goal:
    """What is asked of some cases.

    Attributes:
        titles: patterns of the cases' titles, in which `*` stands for anything.
        at_most: the largest value that reaches it.
        beside: the way that ours is divided by; of several, the fastest. Nothing for seconds and bytes.
        figure: what it is about.
        holds_score: whether ours must also have learned at least as well as the way beside.
    """

    titles: tuple[str, ...]
    at_most: float
    beside: tuple[str, ...] = ()
    figure: Literal["ratio", "seconds", "memory"] = "ratio"
    holds_score: bool = False


_LARGE = ("head + loss, 4096 x 512 x 32,000, {}", "head + loss, 2048 x 512 x 128,000, {}")
_FULL, _HALF, _BFLOAT16 = (
    tuple(title.format(kind) for title in _LARGE) for kind in ("float32", "float32, 50% not counted", "bfloat16")
)
_SMALL = tuple(f"head + loss, {size}, float32" for size in ("4096 x 256 x 72", "4096 x 512 x 17", "2048 x 512 x 1,000"))
_MANY = tuple(f"cross_entropy, (*, *, {classes}), 35% padding" for classes in (128, 500, 1000))
_FEW = (*[f"cross_entropy, (*, *, {classes}), 35% padding" for classes in (3, 20)], "cross_entropy of outputs, *")
_TORCH_LOSS = ("torch, flat", "torch, transposed", "torch, selected")

GOALS = (
    Goal(_FULL, 1.15, ("products alone",)),
    Goal(_FULL, 0.75, ("torch",)),
    Goal(_FULL, 0.35, ("torch, chunked",)),
    Goal(_FULL, 100e6, figure="memory"),
    Goal(_HALF, 0.6, ("itself, all counted",)),
    Goal(_BFLOAT16, 0.6, ("itself in float32",)),
    Goal(_SMALL, 1.05, ("torch", "torch, chunked")),
    Goal(_MANY, 0.5, _TORCH_LOSS),
    Goal(_FEW, 1.0, _TORCH_LOSS),
    Goal(("crf_nll, *",), 0.12, ("pytorch-crf",)),
    Goal(("crf_decode, *",), 0.05, ("pytorch-crf",)),
    Goal(("training, *",), 1 / 5, ("plain recipe",)),
    Goal(("training, *",), 1 / 8, ("Keras",)),
    Goal(("training, *",), 1 / 40, ("Flair",)),
    Goal(("whole training, *",), 0.25, ("plain recipe",), holds_score=True),
    Goal(("* layer, (64, 20, 128), *",), 1.6, ("products alone",)),
    Goal(("start, seqwise --help",), 0.3, figure="seconds"),
    Goal(("start, import seqwise",), 0.1, figure="seconds"),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a goal.

    Attributes:
        goal: what was asked.
        value: what was measured; None where something that it takes was not.
        score: by how much ours learned better than the way beside, where the goal asks for it.
    """

    goal: Goal
    value: float | None
    score: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the value is small enough and no score is lost."""
        return self.value is not None and self.value <= self.goal.at_most and (self.score is None or self.score >= 0)

    def __str__(self) -> str:
        """`reached`, or by how much it falls short."""
        if self.value is None:
            return "not measured"
        if self.score is not None and self.score < 0:
            return f"does not count: its score is lower by {-self.score:.3f}"
        return "reached" if self.reached else f"falls short by {self.value / self.goal.at_most - 1:.0%}"


def outcomes(measured: Measured) -> Iterator[Outcome]:
    """What came of each goal that is about a case, in the order of the goals."""
    title = f"{measured.name}, {measured.shape}"
    for goal in GOALS:
        if any(fnmatchcase(title, pattern) for pattern in goal.titles):
            yield _outcome(goal, measured)


def _outcome(goal: Goal, measured: Measured) -> Outcome:
    if goal.figure == "memory":
        return Outcome(goal, measured.memory.get(measured.ours))
    if goal.figure == "seconds":
        return Outcome(goal, measured.seconds(measured.ours).p50)
    there = tuple(way for way in goal.beside if way in measured.times)
    if not there:
        return Outcome(goal, None)
    score = _score(measured, there[0]) if goal.holds_score else None
    return Outcome(goal, measured.ratio(*there).p50, score)


def _score(measured: Measured, beside: str) -> float:
    ours, theirs = (statistics.fmean(measured.figures[way]) for way in (measured.ours, beside))
    return ours - theirs
