"""Alternatives that fit the same shapes and values: the condition for each, and the flag that selects it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqwise.advice.array_statistics import ArrayStatistics
from seqwise.advice.problems import LOSSES
from seqwise.advice.reading import Reading
from seqwise.advice.value_classes import only_negative

__all__ = ["Alternative", "alternatives", "title"]

_MOST_PROBLEMS = 3
"""Maximum number of other problems shown."""

_FREQUENT = 0.9
"""Fraction of the most frequent class from which the others are called rare."""


@dataclass(frozen=True)
class Alternative:
    """Another answer for the same input.

    Attributes:
        what: the interpretation of the labels.
        when: the condition for it, in words that follow "if".
        flag: the flag of the command that selects it; empty if seqwise has no loss for it.
    """

    what: str
    when: str
    flag: str


def title(reading: Reading) -> str:
    """Return the title of the problem, with its sizes."""
    sizes: dict[str, int | str] = dict(reading.sizes)
    if not reading.classes_known:
        sizes["classes"] = "several"
    return reading.problem.title.format_map(sizes)


def alternatives(
    readings: Sequence[Reading], statistics: ArrayStatistics, loss: str, problem: str | None
) -> tuple[Alternative, ...]:
    """Return the other answers, the nearest first.

    Args:
        readings: the interpretations of the statistics; the first is the answer.
        statistics: statistics of the input.
        loss: the loss of the answer.
        problem: the problem that the user named.
    """
    reading = readings[0]
    found = [*_of_values(reading, statistics), *_of_losses(reading, statistics, loss), *_of_axes(reading, statistics)]
    if problem is None:
        found = [*_of_problems(readings), *found]
    return (*found, *_regression(statistics))


def _of_problems(readings: Sequence[Reading]) -> Iterator[Alternative]:
    for other in readings[1 : 1 + _MOST_PROBLEMS]:
        when = "each row of the labels holds a single 1" if other.one_hot else other.problem.when
        yield Alternative(title(other), when, f"--problem {other.problem.name}")


def _of_values(reading: Reading, statistics: ArrayStatistics) -> Iterator[Alternative]:
    negative = only_negative(statistics.values or ())
    if reading.values is not None and negative in reading.values and statistics.missing is None and reading.classes > 2:
        what = f"{reading.classes - 1} classes, and {negative} marks a missing label"
        yield Alternative(what, f"{negative} is not a real label", f"--missing={negative}")


def _of_losses(reading: Reading, statistics: ArrayStatistics, loss: str) -> Iterator[Alternative]:
    are_numbers = reading.values is not None and not any(isinstance(value, str) for value in reading.values)
    has_order = reading.classes > 2 and (are_numbers or statistics.complete)
    worth_telling = {
        "ordinal_loss": has_order and not reading.one_hot,
        "crf_nll": reading.problem.name == "tags" and not reading.one_hot and statistics.from_logits,
        "focal_loss": statistics.largest_share >= _FREQUENT,
    }
    for name in reading.problem.losses:
        if name != loss and (worth_telling.get(name) or name == reading.problem.losses[0]):
            choice = LOSSES[name]
            yield Alternative(choice.what, choice.when, f"--loss {name}")


def _of_axes(reading: Reading, statistics: ArrayStatistics) -> Iterator[Alternative]:
    """Yield the other class axis for two axes of equal size: the classes are last unless the user says otherwise."""
    if (
        statistics.logits is None
        or not reading.problem.chooses
        or len(statistics.logits.shape) != len(reading.logits_shape)
    ):
        return
    shape, positions = statistics.logits.shape, reading.positions
    if len(shape) < 3 or shape[:-1] != positions or shape[:1] + shape[2:] != positions:
        return
    if statistics.class_axis == 1:
        yield Alternative("the classes on the last axis", "logits are (batch, ..., classes)", "--class-axis=-1")
    else:
        yield Alternative("the classes on axis 1", "logits are (batch, classes, ...), torch's layout", "--class-axis 1")


def _regression(statistics: ArrayStatistics) -> Iterator[Alternative]:
    labels, logits = statistics.labels, statistics.logits
    if logits is None or labels.kind not in ("int", "float") or logits.shape not in (labels.shape, (*labels.shape, 1)):
        return
    if statistics.values is None or len(statistics.values) > 2:
        yield Alternative(
            "regression", "labels are continuous values; use a squared error, which is not part of seqwise", ""
        )
