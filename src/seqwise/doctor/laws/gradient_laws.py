"""The law that a loss has a gradient, and that it is the slope of the loss: found by small steps in each framework."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import CallFailed, Loss
from seqwise.doctor.facts import grain
from seqwise.doctor.frameworks import Array
from seqwise.doctor.laws._law import Comparison, Law, Size, compared

__all__ = ["SLOPE_LAWS"]

_STEP = 0.04
"""Half the distance of the two losses from which a slope is taken, and of the two closer by half that check it."""


@dataclass(frozen=True)
class _Slopes:
    """The gradient and the slope at some cells of what the loss is given.

    Attributes:
        places: cells of the array that is fed; first all the classes of one position.
        slope: measured, NaN where the loss is not smooth.
        gradient: as the framework or the loss itself gives it; None when there is none.
        together: how many of the first cells are the classes of one position.
    """

    places: list[tuple[int, ...]]
    slope: Array
    gradient: Array
    together: int

    @property
    def largest(self) -> float:
        """The size by which differences are judged."""
        return float(max(np.abs(np.nan_to_num(self.slope)).max(), np.abs(self.gradient).max()))

    @property
    def differs(self) -> Array:
        """Where the gradient is not the slope."""
        found: Array = np.nan_to_num(np.abs(self.slope - self.gradient), nan=0.0) > 0.03 * self.largest + 2e-5
        return found

    @property
    def likeness(self) -> float:
        """The cosine of slope and gradient where both are known."""
        known = np.isfinite(self.slope)
        slope, gradient = self.slope[known], self.gradient[known]
        return float(slope @ gradient) / max(float(np.linalg.norm(slope) * np.linalg.norm(gradient)), 1e-12)


def _untested(loss: Loss) -> str | None:
    if loss.library is not None:
        return f"its gradient is that of {loss.library}"
    if grain(loss) > 1e-5:
        return "it rounds its numbers, so that slopes cannot be measured"
    if loss.framework.name == "numpy" and _with_gradient(loss) is None:
        return "a NumPy loss that returns no gradient has none to be wrong"
    return None


def _with_gradient(loss: Loss) -> Loss | None:
    """A loss of NumPy in a layout in which it gives a gradient too; a backward pass may want (N, C) alone."""
    for layout in (loss.reading.layout, "nc"):
        read = loss.read_as(replace(loss.reading, layout=layout))
        try:
            if read.own_gradient(*read.data(2, 3)) is not None:
                return read
        except CallFailed:
            continue
    return None


def _slope(loss: Loss, size: Size) -> Iterator[Comparison]:
    loss = (_with_gradient(loss) if loss.framework.name == "numpy" else None) or loss
    logits, labels = loss.data(*size)
    given = loss.arrays(logits, labels)
    cells = _cells(logits)
    places = [loss.place(cell, logits.shape) for cell in cells]
    measured = np.array([_measured(loss, given, place) for place in places])
    gradient, why = _gradient(loss, given, logits, labels)
    if gradient is None or not np.abs(gradient).max(initial=0.0) > 1e-12:
        yield from _without(loss, size, places, measured, why)
        return
    found = _Slopes(places, measured, np.array([gradient[cell] for cell in cells]), loss.classes)
    yield _judged(loss, given, found)


def _judged(loss: Loss, given: dict[str, Any], found: _Slopes) -> Comparison:
    name = loss.parameter("logits")
    agreeing = compared(loss, given, ("gradients that are not slopes", 0.0), ("there should be", 0.0), kind="agrees")
    if not found.differs.any():
        return agreeing
    if loss.framework.name == "numpy" and (abs(found.likeness) < 0.3 or loss.reading.feed != "logits"):
        loss.note(f"a second result of the shape of {name} is not the slope of the loss at {name}")
        return agreeing
    if loss.framework.name != "numpy" and _is_meant(found):
        loss.note(
            "its gradient is not its slope: a factor is cut from the graph (detach, stop_gradient) and acts as a "
            "weight; that is no fault where it is meant"
        )
        return agreeing
    number = int(found.differs.argmax())
    first = (f"gradient at {name}[{_text(found.places[number])}]", float(found.gradient[number]))
    second = ("the slope of the loss there", float(found.slope[number]))
    return compared(loss, given, first, second, tolerance=1e-6, kind="differs")


def _cells(logits: Array) -> list[tuple[int, ...]]:
    """All classes of the first position, then some cells of other positions, as places in (B, T, C)."""
    rows, steps, classes = logits.shape
    others = [(rows - 1, steps - 1, 0), (rows - 1, 0, classes - 1), (rows // 2, steps // 2, classes // 2)]
    return [*((0, 0, number) for number in range(classes)), *others]


def _measured(loss: Loss, given: dict[str, Any], place: tuple[int, ...]) -> float:
    """The slope at a place, from two pairs of losses; NaN when they tell different slopes, as at a kink."""
    wide, narrow = (_between(loss, given, place, step) for step in (_STEP, _STEP / 2))
    return narrow if abs(wide - narrow) <= 0.01 * abs(narrow) + 1e-4 else np.nan


def _between(loss: Loss, given: dict[str, Any], place: tuple[int, ...], step: float) -> float:
    values = []
    for sign in (1.0, -1.0):
        moved = given["logits"].copy()
        moved[place] += sign * step
        values.append(loss.value_of({**given, "logits": moved}))
    return (values[0] - values[1]) / (2 * step)


def _gradient(loss: Loss, given: dict[str, Any], logits: Array, labels: Array) -> tuple[Array | None, str]:
    """The gradient as (B, T, C), or why there is none although there is a loss."""
    if loss.framework.name == "numpy":
        return loss.own_gradient(logits, labels), ""
    try:
        found = loss.gradient(logits, labels)
    except CallFailed as failure:
        loss.value_of(given)
        return None, f"it raises {failure}".split("\n")[0][:160]
    return found, "" if found is not None else "the loss is cut from the graph"


def _without(loss: Loss, size: Size, places: list[tuple[int, ...]], measured: Array, why: str) -> Iterator[Comparison]:
    """A loss without gradient, unless it is flat where it was looked at and has a gradient of 0 by right."""
    slopes = np.nan_to_num(measured)
    number = int(np.abs(slopes).argmax())
    is_flat = np.isfinite(measured).all() and np.abs(slopes).max() < 1e-4
    if not why and is_flat and not _jumps(loss, size):
        return
    first = f"gradient at {loss.parameter('logits')}[{_text(places[number])}]" + (f" ({why})" if why else "")
    second = ("the slope of the loss there" if not is_flat else "other logits change the loss", slopes[number])
    if is_flat and not why:
        second = (second[0], 1.0)
    given = loss.arrays(*loss.data(*size))
    yield compared(loss, given, (first, np.nan if why else 0.0), second, tolerance=1e-6, kind="none")


def _jumps(loss: Loss, size: Size) -> bool:
    """Whether a loss that is flat wherever it is looked at changes all the same: by jumps, as an argmax does."""
    batches = [loss.data(*size, seed=seed) for seed in range(5)]
    labels = batches[0][1]
    slopes = [_gradient(loss, loss.arrays(logits, labels), logits, labels)[0] for logits, _ in batches]
    values = [loss.value(logits, labels) for logits, _ in batches]
    return not any(np.any(slope) for slope in slopes if slope is not None) and np.ptp(values) > 1e-4


def _is_meant(found: _Slopes) -> bool:
    """Whether the gradient could be that of a loss whose factors are weights: it goes down, and softmax stays whole.

    A gradient that is a multiple of the slope everywhere, that goes up, or that no longer adds up to 0 over the classes
    where the slope does, is wrong.
    """
    if not 0 < found.likeness < 0.9999:
        return False
    of_slope, of_gradient = (one[: found.together] for one in (found.slope, found.gradient))
    is_cut = abs(of_slope.sum()) < 0.02 * found.largest < abs(of_gradient.sum())
    return not (np.isfinite(of_slope).all() and is_cut)


def _text(place: tuple[int, ...]) -> str:
    return ", ".join(str(one) for one in place)


def _bug(_: Loss, comparison: Comparison) -> str:
    return "no-gradient" if comparison.context["kind"] == "none" else "gradient-not-slope"


SLOPE_LAWS = (
    Law(
        "the loss has a gradient, and it is the slope of the loss",
        _untested,
        _slope,
        _bug,
        lambda _: [(2, 3)],
        ((2, 2),),
    ),
)
