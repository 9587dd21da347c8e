"""ArrayStatistics -> the problems they can be, the likeliest first, each with what has to change for it."""

from __future__ import annotations

from seqwise.advice.array_statistics import ArrayStatistics
from seqwise.advice.fitting import read
from seqwise.advice.problems import PROBLEMS
from seqwise.advice.reading import Reading
from seqwise.errors import ShapeError
from seqwise.shapes import shape_text

__all__ = ["readings_of"]

_FAR = 3
"""Readings that are so much more strained than the likeliest are not worth telling."""


def readings_of(facts: ArrayStatistics, problem: str | None = None) -> list[Reading]:
    """Every problem that the facts can be, the likeliest first; only the named one when a problem is named.

    A reading is likelier the less has to change for it. Where that leaves several, `_unlikely` decides.

    Raises:
        ShapeError: the shapes fit no problem, or not the one that was named.
    """
    found = [
        reading
        for name in PROBLEMS
        for one_hot in (False, True)
        if problem in (None, name) and (reading := read(PROBLEMS[name], facts, one_hot=one_hot)) is not None
    ]
    if not found:
        raise _nothing_fits(facts, problem)
    found.sort(key=lambda reading: (reading.strain, *_unlikely(reading, facts)))
    return [reading for reading in found if reading.strain - found[0].strain < _FAR]


def _unlikely(reading: Reading, facts: ArrayStatistics) -> tuple[bool, ...]:
    """Objections to an interpretation besides its strain, the strongest first."""
    return (
        reading.one_hot != _are_one_hot(facts),
        reading.problem.per_step != _axis_1_is_time(reading, facts),
        reading.problem.inner == "outputs" and _are_flags(facts),
    )


def _are_one_hot(facts: ArrayStatistics) -> bool:
    """Whether labels that can be one-hot more likely are; of floats with many axes, or beside a softmax, most are."""
    if facts.rows_sum_to_1 is None:
        return not facts.from_logits or (facts.labels.kind == "float" and len(facts.labels.shape) > 2)
    return facts.rows_sum_to_1


def _axis_1_is_time(reading: Reading, facts: ArrayStatistics) -> bool:
    """Whether axis 1 of the labels is more likely the steps of a sequence than several labels of it."""
    positions, logits = reading.positions, facts.logits
    if len(positions) < 2:
        return False
    if facts.hidden is not None:
        return len(facts.hidden.shape) == 3 and positions[1] in facts.hidden.shape[:2]
    if facts.lengths is not None or len(positions) > 2:
        return True
    if _has_holes(facts) or any(isinstance(value, int) and value < 0 for value in reading.values or ()):
        return False  # tags are text or class indices as a rule, and padding stands at the end
    if logits is None:
        return not _are_flags(facts)
    shape = logits.shape[1:] if logits.shape[0] == 1 != positions[0] else logits.shape
    return len(shape) != len(positions) or shape[0] != positions[0]  # else: a row of numbers for several labels


def _are_flags(facts: ArrayStatistics) -> bool:
    """Whether labels are known to be 0 and 1."""
    return facts.values is not None and facts.are_zero_or_one


def _has_holes(facts: ArrayStatistics) -> bool:
    """Whether labels are missing before others, as gaps are and padding is not."""
    data = None if facts.mask is None else facts.mask.data
    if data is None or data.ndim < 2:
        return facts.has_nan
    counts = data.astype(bool)
    return bool((counts[:, 1:] & ~counts[:, :-1]).any())


def _nothing_fits(facts: ArrayStatistics, problem: str | None) -> ShapeError:
    """The error for shapes that are no problem at all, or not the one that was named."""
    if problem is None:
        return facts.call.error(
            ShapeError,
            f"these shapes fit no problem{_disagreement(facts)}",
            expected="the batch first everywhere; labels (batch,), (batch, time), (batch, outputs) or "
            "(batch, time, outputs), and logits with one more axis, the classes",
            hint="labels, logits, hidden states, mask and lengths must agree on the batch and on the steps",
        )
    chosen = PROBLEMS[problem]
    axes = f"labels {shape_text(chosen.label_axes)}, logits {shape_text(chosen.logits_axes)}"
    return facts.call.error(
        ShapeError,
        f"these shapes and values are not '{problem}'",
        expected=axes,
        hint="leave --problem out to see what they can be",
    )


def _disagreement(facts: ArrayStatistics) -> str:
    """Which arrays are of another number of sequences than the labels, whatever their axes are; empty when none."""
    batch = facts.labels.shape[0]
    named = {facts.scores: facts.logits, "hidden": facts.hidden, "mask": facts.mask, "lengths": facts.lengths}
    others = [
        f"{name} of {array.shape[0]}" for name, array in named.items() if array is not None and batch not in array.shape
    ]
    return f": labels are of {batch} sequences, {' and '.join(others)}" if others else ""
