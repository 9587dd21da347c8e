"""Laws about what the numbers stand for: bounds, yes-or-no answers that do not compete, and paths that add up to 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from seqwise.doctor.called_loss import CallFailed, Loss
from seqwise.doctor.facts import alike, copies, core_of, is_unmoved, scaling, sizes, some_label, steps_interact
from seqwise.doctor.frameworks import Array
from seqwise.doctor.laws._law import Comparison, Law, Size, compared, never

__all__ = ["PLAUSIBLE_LAWS"]


# A bound below -------------------------------------------------------------------------------------------------------


def _no_bound(loss: Loss) -> str | None:
    if loss.reading.feed != "logits":
        return f"it takes {loss.reading.feed}"
    return None


def _bounded(loss: Loss, size: Size) -> Iterator[Comparison]:
    """Ten times as good a prediction never wins ten times as much: the loss comes to rest."""
    label = some_label(loss)
    right = 2.0 * np.eye(loss.classes)[label] - 1.0 if np.ndim(label) == 0 else 2.0 * np.asarray(label) - 1.0
    near, far = (copies(loss, out * right, label, *size) for out in (40.0, 400.0))
    labels = np.broadcast_to(np.asarray(label), (*size, *np.shape(label))).copy()
    arrays = loss.arrays(np.tile(400.0 * right, (*size, 1)), labels)
    falls = np.isfinite(far) and far < near - 1.0
    first, second = "the loss of a right prediction of 400", "of one of 40, which is certain too"
    pair = (far, near) if falls else (0.0, 0.0)
    yield compared(loss, arrays, (first, pair[0]), (second, pair[1]))


# Right before wrong --------------------------------------------------------------------------------------------------


def _ordered(loss: Loss, size: Size) -> Iterator[Comparison]:
    """A right prediction costs less than a wrong one, whatever the labels and the logits; or more, in a likelihood."""
    found = []
    for (label, right, wrong), out in product(_opposites(loss), (4.0, 40.0)):
        costs = [copies(loss, out * one, label, *size) for one in (right, wrong)]
        if np.isfinite(costs).all():
            found.append((costs, alike(out * right, label, size)))
    is_likelihood = all(costs[1] < costs[0] for costs, _ in found)
    for costs, batch in found:
        less = ("a right prediction costs less than a wrong one", float(costs[0] < costs[1] or is_likelihood))
        yield compared(loss, loss.arrays(*batch), less, ("it should", 1.0))


def _opposites(loss: Loss) -> Iterator[tuple[int | Array, Array, Array]]:
    """Labels with logits that are right and others that are wrong, around 0 and above it."""
    label = some_label(loss)
    if np.ndim(label) == 0:
        onehot = np.eye(loss.classes)[label]
        both: tuple[Array, ...] = (onehot, 2.0 * onehot - 1.0)
        for one in both:
            yield label, one, np.roll(one, 1)
        return
    for answers in (np.asarray(label), np.ones(loss.classes, dtype=int)):
        yield answers, 2.0 * answers - 1.0, 1.0 - 2.0 * answers


# Yes-or-no answers ---------------------------------------------------------------------------------------------------


def _no_answers(loss: Loss) -> str | None:
    if loss.reading.labels == "one-hot" and core_of(loss) is None:
        _note_softmax(loss)
    if loss.reading.labels != "binary":
        return "its labels are classes"
    return None if loss.classes > 1 else "it takes one answer for each position"


def _independent(loss: Loss, size: Size) -> Iterator[Comparison]:
    """No softmax over answers that are yes or no each, in a loss that adds up the costs of its labels.

    What does not add them up, such as an overlap, may have a softmax for labels that are one-hot.
    """
    logits, labels = loss.data(*size)
    arrays = loss.arrays(logits, labels)
    if not _adds_labels_up(loss, logits) or not is_unmoved(loss, "classes"):
        yield compared(loss, arrays, ("answers that compete", 0.0), ("there should be", 0.0))
        return
    moved = logits.copy()
    moved[0, 0] += 2.0
    first = ("what 2 more on every answer of the first step changes", loss.value(moved, labels))
    yield compared(loss, arrays, (first[0], abs(first[1] - loss.value(logits, labels))), ("it should change", 1.0))


def _note_softmax(loss: Loss) -> None:
    """One-hot labels may be meant by a binary cross-entropy of a softmax, and several that are yes may not."""
    read = loss.read_as(replace(loss.reading, labels="binary"))
    try:
        if is_unmoved(read, "classes") and _adds_labels_up(read, read.data(2, 3)[0]):
            loss.note(
                "its classes compete in a softmax and are judged as yes or no each: right for labels that are one-hot, "
                "wrong where several can be yes; those want a sigmoid"
            )
    except CallFailed:
        return


def _adds_labels_up(loss: Loss, logits: Array) -> bool:
    """Whether each label adds its cost by itself, and "no" costs something too."""
    nothing = np.zeros(logits.shape, dtype=int)
    one, two, both = nothing.copy(), nothing.copy(), nothing.copy()
    one[0, 0, 0] = both[0, 0, 0] = two[0, 0, 1] = both[0, 0, 1] = 1
    at = {name: loss.value(logits, label) for name, label in zip("0ab2", (nothing, one, two, both), strict=True)}
    adds = abs(at["2"] - at["a"] - at["b"] + at["0"]) < 1e-4 * (1 + abs(at["0"]))
    return adds and abs(at["0"]) > 1e-3 and abs(at["a"] - at["0"]) > 1e-4


# Predictions and labels in their places ------------------------------------------------------------------------------


def _no_probabilities(loss: Loss) -> str | None:
    if loss.library is not None:
        return f"it is that of {loss.library}"
    if loss.reading.feed == "probabilities" or (loss.reading.labels != "index" and core_of(loss) is None):
        return None
    return f"it takes {loss.reading.feed}"


def _in_place(loss: Loss, size: Size) -> Iterator[Comparison]:
    """A loss does not grow in a straight line with the probability, by the logarithm of a label that was clipped."""
    read = loss.read_as(replace(loss.reading, feed="probabilities"))
    logits, labels = alike(np.zeros(read.classes), some_label(read), size)
    arrays = read.arrays(logits, labels)
    by_logarithm = ("the loss of probabilities that are all alike", read.value(logits, labels))
    expected = by_logarithm[1]
    if _is_swapped(read):
        expected = float(np.log(2.0 if read.reading.labels == "binary" else read.classes))
    yield compared(read, arrays, by_logarithm, ("by the logarithm of the probability", expected))


def _is_swapped(loss: Loss) -> bool:
    """Whether the loss is a line in the probability, and steeper than an error rate: log(eps) for each wrong answer."""
    label = some_label(loss)
    right = np.eye(loss.classes)[label] if np.ndim(label) == 0 else 2.0 * np.asarray(label) - 1.0
    costs = np.array([copies(loss, amount * right, label) for amount in (0.0, 1.0, 2.0)])
    chances = np.array([_chance(amount, loss) for amount in (0.0, 1.0, 2.0)])
    first, second = np.diff(costs) / np.diff(chances)
    rows, steps = sizes(loss.classes)[0]
    positions = (rows if scaling(loss)[0] else 1) * (steps if scaling(loss)[1] else 1)
    return bool(abs(first - second) < 0.01 * abs(first) and -first / positions > loss.classes + 0.5)


def _chance(amount: float, loss: Loss) -> float:
    others = 1.0 if loss.reading.labels == "binary" else loss.classes - 1.0
    return float(np.exp(amount) / (np.exp(amount) + others))


def _bound_bug(loss: Loss, _: Comparison) -> str:
    if loss.reading.labels != "index" and core_of(loss) is None:
        read = loss.read_as(replace(loss.reading, feed="probabilities"))
        try:
            return "swapped-arguments" if _is_swapped(read) else "no-lowest-value"
        except CallFailed:
            return "no-lowest-value"
    return "no-lowest-value"


# Paths ---------------------------------------------------------------------------------------------------------------


def _no_paths(loss: Loss) -> str | None:
    if loss.reading.labels != "index" or not loss.reading.has_time or loss.reading.feed != "logits":
        return "it scores no paths of tags"
    if not (steps_interact(loss) or loss.is_chain) or not is_unmoved(loss, "classes"):
        return "it scores no paths of tags"
    return None if _total(loss, 1) is not None else "what it costs is no logarithm of a probability"


def _paths(loss: Loss, size: Size) -> Iterator[Comparison]:
    """Over all paths of two or three steps, the probabilities add up to 1."""
    total = _total(loss, size[1])
    logits, labels = loss.data(*size)
    found = 1.0 if total is None else total
    numbers = ("the probabilities of all paths, added", found), ("they should be", 1.0)
    yield compared(loss, loss.arrays(logits[:1], labels[:1]), *numbers, tolerance=5e-3)


def _total(loss: Loss, steps: int) -> float | None:
    """The sum of exp(-loss) over all labels of one sequence; for one step None when that is not 1.

    A mean over steps is taken times its steps where that makes it a probability.
    """
    logits, _ = loss.data(1, steps)
    allowed = loss.allowed_labels()
    if len(allowed) ** steps > 400:
        return None
    values = np.array([loss.value(logits, np.array([path])) for path in product(allowed, repeat=steps)])
    signed = values if values.mean() > 0 else -values
    sums = [float(np.exp(-factor * signed).sum()) for factor in dict.fromkeys((1, steps))]
    best = min(sums, key=lambda one: abs(one - 1.0))
    return None if steps == 1 and not abs(best - 1.0) < 5e-3 else best


_FEW: tuple[Size, ...] = ((1, 1), (1, 2), (2, 1))

PLAUSIBLE_LAWS = (
    Law("the loss has a lowest value", _no_bound, _bounded, _bound_bug, lambda _: [(3, 4)], _FEW),
    Law(
        "a right prediction costs less than a wrong one",
        never,
        _ordered,
        lambda *_: "wrong-costs-less",
        lambda _: [(3, 4)],
        _FEW,
    ),
    Law(
        "answers that are yes or no each do not compete",
        _no_answers,
        _independent,
        lambda *_: "softmax-of-answers",
        lambda _: [(2, 3)],
        (),
    ),
    Law(
        "predictions and labels stand in their places",
        _no_probabilities,
        _in_place,
        lambda *_: "swapped-arguments",
        lambda _: [(3, 4)],
        (),
    ),
    Law(
        "the probabilities of all paths add up to 1",
        _no_paths,
        _paths,
        lambda *_: "unnormalised-paths",
        lambda _: [(1, 2), (1, 3)],
    ),
)
