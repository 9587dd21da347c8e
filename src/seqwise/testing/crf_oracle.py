"""The definition of the linear-chain CRF in plain Python: every path is written down, scored and counted.

Nothing here comes from seqwise or from NumPy. Arrays are nested lists; sums are `math.fsum`. A path is one class
for each step that counts; steps that do not count are not in the chain. For sequences whose paths are too many to
write down, `log_partition` is a plain loop of the forward algorithm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any

__all__ = [
    "NEVER",
    "Chain",
    "Counts",
    "Path",
    "chains",
    "counts_of",
    "log_partition",
    "log_sum_exp",
    "reduced",
    "steps_that_count",
]

Path = tuple[int, ...]

NEVER = -math.inf


@dataclass(frozen=True)
class Chain:
    """One sequence: the scores of its steps that count, and of going from class to class.

    Attributes:
        emissions: (steps, classes), the steps that count only.
        transitions: (classes, classes), from and to; -inf where not allowed.
        start: (classes,); -inf where not allowed.
        end: (classes,); -inf where not allowed.
    """

    emissions: list[list[float]]
    transitions: list[list[float]]
    start: list[float]
    end: list[float]

    def score(self, path: Path) -> float:
        """start[y_1] + sum_t emissions[t][y_t] + sum_t transitions[y_(t-1)][y_t] + end[y_n]; 0 for no steps."""
        if not path:
            return 0.0
        parts = [self.start[path[0]], self.end[path[-1]]]
        parts += [row[tag] for row, tag in zip(self.emissions, path, strict=True)]
        parts += [self.transitions[before][tag] for before, tag in pairwise(path)]
        return NEVER if NEVER in parts else math.fsum(parts)

    @cached_property
    def scores(self) -> dict[Path, float]:
        """Every path that can be, with its score."""
        paths = product(range(len(self.transitions)), repeat=len(self.emissions))
        scored = {path: self.score(path) for path in paths}
        return {path: score for path, score in scored.items() if score > NEVER}

    @cached_property
    def probabilities(self) -> dict[Path, float]:
        """Every path that can be, with its probability: the exponential of its score, divided by the sum of all."""
        total = log_sum_exp(list(self.scores.values()))
        return {path: math.exp(score - total) for path, score in self.scores.items()}

    def nll(self, path: Path) -> float:
        """Minus the logarithm of the probability of a path; infinite when the path cannot be."""
        if self.score(path) == NEVER:
            return math.inf
        return log_sum_exp([score - self.score(path) for score in self.scores.values()])

    def nll_by_loop(self, path: Path) -> float:
        """The same by the forward algorithm, for any number of steps."""
        return log_partition(self) - self.score(path)

    def marginals(self) -> list[list[float]]:
        """(steps, classes): the probability of each class at each step; 0 when no path can be."""
        return [
            [math.fsum(p for path, p in self.probabilities.items() if path[step] == tag) for tag in self._classes]
            for step in range(len(self.emissions))
        ]

    def expected(self) -> Counts:
        """How often each thing is expected on a path, which is the gradient of the logarithm of the sum."""
        return _mean_counts(self.probabilities, len(self.transitions))

    def best(self) -> tuple[Path, float]:
        """The best path and its score; of equals the one whose last tag is lowest, then the one before it, ..."""
        if not self.scores:
            return (), NEVER
        best = max(self.scores.values())
        return min((path for path, score in self.scores.items() if score == best), key=lambda path: path[::-1]), best

    @property
    def _classes(self) -> range:
        return range(len(self.transitions))


@dataclass(frozen=True)
class Counts:
    """How often a path goes from class to class, starts and ends with a class."""

    transitions: list[list[float]]
    start: list[float]
    end: list[float]


def counts_of(path: Path, classes: int) -> Counts:
    """The counts of one path."""
    return _mean_counts({path: 1.0}, classes)


def _mean_counts(weighted: dict[Path, float], classes: int) -> Counts:
    def share(wanted: Any) -> float:
        return math.fsum(weight * wanted(path) for path, weight in weighted.items() if path)

    names = range(classes)
    return Counts(
        [[share(lambda path, pair=(i, j): list(pairwise(path)).count(pair)) for j in names] for i in names],
        [share(lambda path, tag=tag: path[0] == tag) for tag in names],
        [share(lambda path, tag=tag: path[-1] == tag) for tag in names],
    )


def log_sum_exp(numbers: list[float]) -> float:
    """The logarithm of the sum of exponentials; -inf for nothing."""
    highest = max(numbers, default=NEVER)
    if highest == NEVER:
        return NEVER
    return highest + math.log(math.fsum(math.exp(number - highest) for number in numbers))


def log_partition(chain: Chain) -> float:
    """The logarithm of the sum over all paths, step by step; 0 for no steps."""
    if not chain.emissions:
        return 0.0
    classes = range(len(chain.transitions))
    ahead = [first + score for first, score in zip(chain.start, chain.emissions[0], strict=True)]
    for row in chain.emissions[1:]:
        ahead = [log_sum_exp([ahead[i] + chain.transitions[i][j] for i in classes]) + row[j] for j in classes]
    return log_sum_exp([score + last for score, last in zip(ahead, chain.end, strict=True)])


def steps_that_count(time: int, row: int, mask: Any, lengths: Any) -> list[int]:
    """The steps of a row that mask (batch, time) and lengths (batch,) let count."""
    length = time if lengths is None else lengths[row]
    return [step for step in range(length) if mask is None or mask[row][step]]


def chains(
    emissions: Any,
    transitions: Any,
    *,
    start: Any = None,
    end: Any = None,
    mask: Any = None,
    lengths: Any = None,
    allowed: Any = None,
) -> list[tuple[Chain, list[int]]]:
    """Each sequence of a batch by itself, and the steps of it that count.

    `allowed` is (classes, classes) booleans, or a triple of them for transitions, start and end.
    """
    classes = len(transitions)
    between, first, last = allowed if isinstance(allowed, tuple) else (allowed, None, None)
    start = _permitted([0.0] * classes if start is None else start, first)
    end = _permitted([0.0] * classes if end is None else end, last)
    transitions = [_permitted(row, None if between is None else between[i]) for i, row in enumerate(transitions)]
    found = []
    for row, scores in enumerate(emissions):
        steps = steps_that_count(len(scores), row, mask, lengths)
        found.append((Chain([scores[step] for step in steps], transitions, start, end), steps))
    return found


def _permitted(scores: list[float], allowed: Any) -> list[float]:
    if allowed is None:
        return scores
    return [score if may else NEVER for score, may in zip(scores, allowed, strict=True)]


def reduced(losses: list[float], steps: list[int], reduction: str = "mean", denominator: float | None = None) -> Any:
    """Reduces the losses (batch,) of sequences, given their numbers of counted steps."""
    if reduction == "none":
        return losses
    total, sequences = math.fsum(losses), sum(count > 0 for count in steps)
    if reduction == "sum":
        return total
    if reduction == "sequence_mean":
        total = math.fsum(loss / count for loss, count in zip(losses, steps, strict=True) if count)
    divisor: float = sum(steps) if reduction == "mean" else sequences
    divisor = divisor if denominator is None else denominator
    return total / divisor if divisor else 0.0
