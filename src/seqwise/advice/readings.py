"""Problems that fit the statistics, the likeliest first, each with the changes it needs."""

from __future__ import annotations

from seqwise.advice.array_statistics import ArrayStatistics
from seqwise.advice.fitting import read
from seqwise.advice.problems import PROBLEMS
from seqwise.advice.reading import Reading
from seqwise.errors import ShapeError
from seqwise.shapes import shape_text

__all__ = ["readings_of"]

_FAR = 3
"""Readings whose penalty exceeds that of the likeliest by this much are not shown."""


def readings_of(statistics: ArrayStatistics, problem: str | None = None) -> list[Reading]:
    """Return the readings of the statistics, the likeliest first; with `problem`, only that one.

    The fewer changes a reading needs, the likelier it is. `_unlikely` breaks ties.

    Raises:
        ShapeError: the shapes fit no problem, or not the named one.
    """
    found = [
        reading
        for name in PROBLEMS
        for one_hot in (False, True)
        if problem in (None, name) and (reading := read(PROBLEMS[name], statistics, one_hot=one_hot)) is not None
    ]
    if not found:
        raise _nothing_fits(statistics, problem)
    found.sort(key=lambda reading: (reading.penalty, *_unlikely(reading, statistics)))
    return [reading for reading in found if reading.penalty - found[0].penalty < _FAR]


def _unlikely(reading: Reading, statistics: ArrayStatistics) -> tuple[bool, ...]:
    """Return the objections to a reading besides its penalty, the strongest first."""
    return (
        reading.one_hot != _are_one_hot(statistics),
        reading.problem.per_step != _axis_1_is_time(reading, statistics),
        reading.problem.inner == "outputs" and _are_flags(statistics),
    )


def _are_one_hot(statistics: ArrayStatistics) -> bool:
    """Whether labels that can be one-hot likely are, as most floats with many axes or with probabilities are."""
    if statistics.rows_sum_to_1 is None:
        return not statistics.from_logits or (statistics.labels.kind == "float" and len(statistics.labels.shape) > 2)
    return statistics.rows_sum_to_1


def _axis_1_is_time(reading: Reading, statistics: ArrayStatistics) -> bool:
    """Whether axis 1 of the labels is more likely the steps of a sequence than several labels of it."""
    positions, logits = reading.positions, statistics.logits
    if len(positions) < 2:
        return False
    if statistics.hidden is not None:
        return len(statistics.hidden.shape) == 3 and positions[1] in statistics.hidden.shape[:2]
    if statistics.lengths is not None or len(positions) > 2:
        return True
    if _has_holes(statistics) or any(isinstance(value, int) and value < 0 for value in reading.values or ()):
        return False  # tags are usually text or class indices, and padding is at the end
    if logits is None:
        return not _are_flags(statistics)
    shape = logits.shape[1:] if logits.shape[0] == 1 != positions[0] else logits.shape
    return len(shape) != len(positions) or shape[0] != positions[0]  # else: a row of numbers for several labels


def _are_flags(statistics: ArrayStatistics) -> bool:
    """Whether labels are known to be 0 and 1."""
    return statistics.values is not None and statistics.are_zero_or_one


def _has_holes(statistics: ArrayStatistics) -> bool:
    """Whether labels are missing before others: gaps, not padding."""
    data = None if statistics.mask is None else statistics.mask.data
    if data is None or data.ndim < 2:
        return statistics.has_nan
    counts = data.astype(bool)
    return bool((counts[:, 1:] & ~counts[:, :-1]).any())


def _nothing_fits(statistics: ArrayStatistics, problem: str | None) -> ShapeError:
    """Return the error for shapes that fit no problem, or not the named one."""
    if problem is None:
        return statistics.call.error(
            ShapeError,
            f"these shapes fit no problem{_disagreement(statistics)}",
            expected="the batch first everywhere; labels (batch,), (batch, time), (batch, outputs) or "
            "(batch, time, outputs), and logits with one more axis, the classes",
            hint="labels, logits, hidden states, mask and lengths must agree on the batch and on the steps",
        )
    chosen = PROBLEMS[problem]
    axes = f"labels {shape_text(chosen.label_axes)}, logits {shape_text(chosen.logits_axes)}"
    return statistics.call.error(
        ShapeError,
        f"these shapes and values are not '{problem}'",
        expected=axes,
        hint="leave --problem out to see the problems that fit",
    )


def _disagreement(statistics: ArrayStatistics) -> str:
    """Name the arrays whose number of sequences differs from that of the labels; empty if there are none."""
    batch = statistics.labels.shape[0]
    named = {
        statistics.scores: statistics.logits,
        "hidden": statistics.hidden,
        "mask": statistics.mask,
        "lengths": statistics.lengths,
    }
    others = [
        f"{name} of {array.shape[0]}" for name, array in named.items() if array is not None and batch not in array.shape
    ]
    return f": labels are of {batch} sequences, {' and '.join(others)}" if others else ""
