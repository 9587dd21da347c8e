"""The law that the same arrays give the same result in every call, and are left as they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import CallFailed, Loss
from seqwise.doctor.called_model import Model
from seqwise.doctor.facts import slack
from seqwise.doctor.frameworks import Array, drawing
from seqwise.doctor.laws._law import Comparison, Law, Size, compared, never

__all__ = ["STEADY_LAWS_OF_LOSSES", "STEADY_LAWS_OF_MODELS", "furthest"]

_SAME = "the same input gives the same result in every call"


def _losses(loss: Loss, size: Size) -> Iterator[Comparison]:
    logits, labels = loss.data(*size)
    given = loss.arrays(logits, labels)
    first = loss.value_of(given)
    with drawing(1):
        other = loss.value_of(given)
    yield compared(loss, given, ("the loss", first), ("with other random numbers drawn inside it", other))
    yield compared(loss, given, ("the loss", first), ("called again", loss.value_of(given)))
    yield from _twice(loss, given)


def _twice(loss: Loss, given: dict[str, Any]) -> Iterator[Comparison]:
    """Two calls with the very same array objects."""
    try:
        first, second, changed = loss.twice(given)
    except CallFailed:
        return
    if changed and abs(first - second) <= slack(loss) * (1 + abs(first)):
        loss.note(f"it writes into {changed} of its caller, which changes nothing in its own result")
        return
    name = changed or "its arrays"
    yield compared(
        loss,
        given,
        ("the loss, called again with the same objects", second),
        (f"the first time, before it wrote into {name}" if changed else "the first time", first),
        changed=bool(changed),
    )


def _loss_bug(_: Loss, comparison: Comparison) -> str:
    return "writes-into-input" if comparison.context.get("changed") else "unsteady-result"


def _models(model: Model, size: Size) -> Iterator[Comparison]:
    inputs = model.inputs(*size)
    first = model.outputs(inputs)
    with drawing(1):
        others = model.outputs(inputs)
    again = model.outputs(inputs)
    for name, output in first.items():
        for text, other in (("with other random numbers drawn inside it", others), ("called again", again)):
            if other[name].shape != output.shape:
                continue
            one, two = furthest(output, other[name])
            numbers = (f"an output of {name}" if len(first) > 1 else "an output", one), (text, two)
            yield Comparison(model.arrays(inputs), numbers, 1e-4)


def furthest(first: Array, second: Array) -> tuple[float, float]:
    """The two numbers that differ most, of two arrays of one shape."""
    distance = np.nan_to_num(np.abs(first - second), nan=np.inf)
    place = np.unravel_index(int(distance.argmax()), distance.shape)
    return float(first[place]), float(second[place])


STEADY_LAWS_OF_LOSSES = (Law(_SAME, never, _losses, _loss_bug, lambda _: [(2, 3)], ((1, 1), (1, 2))),)
STEADY_LAWS_OF_MODELS = (
    Law(_SAME, never, _models, lambda *_: "unsteady-result", lambda model: model.sizes()[1:], ((1, 2), (2, 3))),
)
