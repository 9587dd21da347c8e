"""How much each position of a batch weighs, and which positions, labels and classes are bound to each other."""

from __future__ import annotations

import numpy as np

from seqwise.doctor.called_loss import CallFailed, Channel, Loss
from seqwise.doctor.facts._measure import alike, remembered, sizes, slack, some_label
from seqwise.doctor.frameworks import Array

__all__ = [
    "Place",
    "binding",
    "bound_to",
    "interaction",
    "is_right_for_one_step",
    "is_unmoved",
    "offset",
    "rows_interact",
    "shares",
    "shifted",
    "steps_interact",
]

Place = tuple[int, int]
"""Row and step."""


def shares(loss: Loss, counts: Array, channel: Channel | None = None, seed: int = 3) -> Array:
    """How much of the loss each position (B, T) makes; they sum to 1 when positions are simply added up.

    All positions are alike but one, which is changed in turn.
    """
    rows, steps = counts.shape
    rng = np.random.default_rng(seed)
    first, second = np.round(rng.normal(0.0, 1.5, (2, loss.classes)), 1)
    same, labels = alike(first, some_label(loss), (rows, steps))
    base = loss.value(same, labels, counts, channel)
    whole = loss.value(np.tile(second, (rows, steps, 1)), labels, counts, channel) - base
    found = np.zeros((rows, steps))
    for place in np.ndindex(rows, steps):
        changed = same.copy()
        changed[place] = second
        found[place] = loss.value(changed, labels, counts, channel) - base
    if not abs(whole) > 1e-5:
        raise CallFailed(ValueError("no position has an effect"))
    return found / whole


def interaction(loss: Loss, size: tuple[int, int], first: Place, second: Place) -> tuple[float, float]:
    """The effect of changing one position, as things are, and when another position is changed too."""
    logits, labels = loss.data(*size)
    other, _ = loss.data(*size, seed=1)

    def at(*places: Place) -> float:
        mixed = logits.copy()
        for place in places:
            mixed[place] = other[place]
        return loss.value(mixed, labels)

    return at(first) - at(), at(first, second) - at(second)


@remembered
def rows_interact(loss: Loss) -> bool:
    """Whether the loss of one row depends on another row."""
    size = sizes(loss.classes)[0]
    rows, steps = size
    pairs: list[tuple[Place, Place]] = [((0, 0), (1, 0)), ((0, steps - 1), (rows - 1, steps - 1)), ((1, 0), (0, 1))]
    return any(_differ(loss, *interaction(loss, size, *pair)) for pair in pairs)


@remembered
def steps_interact(loss: Loss) -> bool:
    """Whether the loss of one step depends on another step of its row, as in a CRF."""
    size = sizes(loss.classes)[0]
    pairs: list[tuple[Place, Place]] = [((0, 0), (0, 1)), ((1, 0), (1, size[1] - 1))]
    return any(_differ(loss, *interaction(loss, size, *pair)) for pair in pairs)


def shifted(loss: Loss, axis: str, size: tuple[int, int]) -> tuple[Array, Array, Array]:
    """Logits, the same with a constant added along an axis ("classes", "time" or "batch"), and labels.

    Along classes all logits of one position grow; along time the logits of one class in one row; along the batch those
    of one class at one step. Softmax does not notice a constant along its own axis.
    """
    logits, labels = loss.data(*size)
    moved = logits.copy()
    place = {"classes": (0, -1), "time": (0, slice(None), 0), "batch": (slice(None), 0, 0)}[axis]
    if not loss.reading.has_time and axis != "classes":
        place = (slice(None), slice(None), 0)
    moved[place] += 2.0
    return logits, moved, labels


def is_unmoved(loss: Loss, axis: str, size: tuple[int, int] | None = None) -> bool:
    """Whether the loss does not notice a constant along an axis."""
    logits, moved, labels = shifted(loss, axis, size or sizes(loss.classes)[0])
    return not _differ(loss, loss.value(logits, labels), loss.value(moved, labels))


def is_right_for_one_step(loss: Loss) -> bool:
    """Whether softmax runs over the classes, row by row, when there is only one step; then T alone misleads it."""
    size = (3, 1)
    logits, labels = loss.data(*size)
    hears = _differ(loss, loss.value(logits, labels), loss.value(loss.data(*size, seed=1)[0], labels))
    pairs: list[tuple[Place, Place]] = [((0, 0), (1, 0)), ((0, 0), (2, 0)), ((1, 0), (2, 0))]
    is_alone = not any(_differ(loss, *interaction(loss, size, *pair)) for pair in pairs)
    return hears and is_alone and is_unmoved(loss, "classes", size)


def binding(loss: Loss, size: tuple[int, int]) -> Array:
    """How strongly the label of each position is bound to the logits of each: (labels, logits), positions in a row."""
    rows, steps = size
    logits, labels = loss.data(rows, steps)
    tilt = np.linspace(-1.0, 1.0, loss.classes) if loss.classes > 1 else np.array([1.0])
    tilted = []
    for place in np.ndindex(rows, steps):
        tilted.append(logits.copy())
        tilted[-1][place] += tilt
    effects = np.array([loss.value(one, labels) for one in tilted]) - loss.value(logits, labels)
    found = np.zeros((len(tilted), len(tilted)))
    for number, place in enumerate(np.ndindex(rows, steps)):
        changed = _other_label(loss, labels, place)
        found[number] = np.array([loss.value(one, changed) for one in tilted]) - loss.value(logits, changed) - effects
    return np.abs(found)


def _other_label(loss: Loss, labels: Array, place: tuple[int, ...]) -> Array:
    changed = labels.copy()
    if loss.reading.labels == "binary":
        changed[place] = 1 - changed[place]
    else:
        allowed = loss.allowed_labels()
        changed[place] = allowed[0] if labels[place] != allowed[0] else allowed[-1]
    return changed


def bound_to(strengths: Array) -> list[tuple[int, int]]:
    """Which logits each label is bound to most, (label, logits) by number; labels that matter nowhere are left out."""
    weakest = 0.05 * strengths.max()
    return [(label, int(row.argmax())) for label, row in enumerate(strengths) if row.max() > weakest]


@remembered
def offset(loss: Loss) -> str:
    """To which logits labels are bound: "own", "next step", "next row", "next position" or "others"."""
    size = sizes(loss.classes)[0]
    steps = size[1]
    pairs = bound_to(binding(loss, size))
    distances = {logits - label for label, logits in pairs}
    rows_apart = {abs(logits // steps - label // steps) for label, logits in pairs}
    if distances <= {0}:
        return "own"
    if rows_apart == {0} and distances in ({-1}, {1}):
        return "next step"
    if rows_apart == {1} and distances in ({-steps}, {steps}):
        return "next row"
    return "next position" if distances in ({-1}, {1}) else "others"


def _differ(loss: Loss, first: float, second: float) -> bool:
    return not abs(first - second) <= slack(loss) * max(1e-1, abs(first), abs(second))
