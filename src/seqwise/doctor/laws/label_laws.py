"""Laws about labels: each position meets its own, in every form, with class weights and smoothing as they should be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import CallFailed, Loss
from seqwise.doctor.facts import (
    binding,
    bound_to,
    copies,
    core_of,
    is_unmoved,
    offset,
    scaling,
    shifted,
    sizes,
    steps_interact,
)
from seqwise.doctor.frameworks import Array
from seqwise.doctor.laws._law import Comparison, Law, Size, compared, never
from seqwise.doctor.laws.average_laws import mixed_axis
from seqwise.doctor.laws.padding_laws import ragged
from seqwise.doctor.trace import torch_calls

__all__ = ["LABEL_LAWS"]

_SMOOTHING = 0.2
_EVEN_NOTE = (
    "a convention, no fault: label_smoothing e gives e / (C - 1) to each other class; torch, Keras and seqwise give "
    "e / C to every class, which e' = e * C / (C - 1) turns into this"
)
_SOFT_NAMES = re.compile(r"one_?hot|soft|prob|dist", re.IGNORECASE)


# Each position meets its own label -----------------------------------------------------------------------------------


def _own(loss: Loss, size: Size) -> Iterator[Comparison]:
    strengths = binding(loss, size)
    if strengths.max() < 1e-4:
        return
    logits, labels = loss.data(*size)
    arrays = loss.arrays(logits, labels)
    for label, bound in bound_to(strengths):
        if label != bound:
            places = [f"step {number % size[1] + 1} of row {number // size[1] + 1}" for number in (label, bound)]
            what = f"what the label of {places[0]} changes at the logits of {places[1]}"
            yield compared(loss, arrays, (what, float(strengths[label, bound])), ("it should change nothing", 0.0))
            return
    yield compared(loss, arrays, ("each label meets its own logits", 1.0), ("it should be", 1.0))
    if loss.reading.labels == "index" and not steps_interact(loss):
        yield from _own_class(loss, arrays)


def _own_class(loss: Loss, arrays: dict[str, Any]) -> Iterator[Comparison]:
    """That a label stands for the class of its number."""
    core = core_of(loss)
    if core is None or core.kind == "focal":
        return
    for row, label in zip(core.target * np.sign(core.scale), loss.allowed_labels()[-3:], strict=True):
        numbers = ("class whose logit the label picks", float(row.argmax())), ("it should be", float(label))
        yield compared(loss, arrays, *numbers)


def _own_bug(loss: Loss, _: Comparison) -> str | None:
    bound = offset(loss)
    mixed = mixed_axis(loss)
    if mixed:
        return mixed
    if bound == "next row" and loss.reading.has_time:
        return "batch-axis-slice"
    return _spread_bug(loss) if bound == "others" else "shifted-labels"


def _spread_bug(loss: Loss) -> str | None:
    """Labels that are felt all over the batch, as weights that are counted in it are, make mates of its rows."""
    size = sizes(loss.classes)[0]
    found = binding(loss, size).reshape(*size, *size).max((1, 3))
    return "batch-mates" if (found > 0.01 * found.max()).all() else None


# Classes compete within a position -----------------------------------------------------------------------------------


def _no_softmax(loss: Loss) -> str | None:
    if loss.reading.labels == "binary":
        return "its labels are yes or no each, without competition"
    if loss.reading.feed != "logits":
        return f"it takes {loss.reading.feed}, so the softmax is elsewhere"
    return None if is_unmoved(loss, "classes") or mixed_axis(loss) else "it is no function of a softmax over classes"


def _classes(loss: Loss, size: Size) -> Iterator[Comparison]:
    logits, moved, labels = shifted(loss, "classes", size)
    yield compared(
        loss,
        loss.arrays(logits, labels),
        ("the loss", loss.value(logits, labels)),
        ("with 2 added to every class of the last step of row 1", loss.value(moved, labels)),
    )


def _class_axis(loss: Loss, _: Comparison) -> str | None:
    return mixed_axis(loss) or "class-axis"


def _no_time(loss: Loss) -> str | None:
    if not loss.reading.has_time or loss.reading.labels == "binary":
        return "it takes no time axis beside the classes"
    return "the steps of a sequence are bound together, as in a CRF" if steps_interact(loss) else None


def _square(loss: Loss, _: Size) -> Iterator[Comparison]:
    """With T = C, the loss of all steps is that of the first and of the others; where it is so with T = C + 1."""
    for reading in loss.readings:
        read = loss.read_as(reading)
        if not reading.has_time:
            continue
        if _in_two(read, loss.classes + 1).agrees:
            yield _in_two(read, loss.classes)


def _in_two(loss: Loss, steps: int) -> Comparison:
    logits, labels = loss.data(2, steps)
    cut = steps // 2 if loss.classes not in (steps // 2, steps - steps // 2) else 1
    parts = (slice(0, cut), slice(cut, None))
    each = [loss.value(logits[:, part], labels[:, part]) for part in parts]
    together = sum(each) if scaling(loss)[1] else (each[0] * cut + each[1] * (steps - cut)) / steps
    arrays = loss.arrays(logits, labels)
    numbers = ("the loss", loss.value(logits, labels)), ("from its first steps and the others", together)
    return compared(loss, arrays, *numbers)


# Forms of labels -----------------------------------------------------------------------------------------------------


def _no_integers(loss: Loss) -> str | None:
    if loss.reading.labels == "binary":
        return "its labels are yes or no each"
    named_soft = _SOFT_NAMES.search(loss.parameter("labels"))
    return "it takes shares of classes" if loss.reading.labels == "one-hot" and named_soft else None


def _floats(loss: Loss, size: Size) -> Iterator[Comparison]:
    if loss.reading.labels == "one-hot":
        yield from _indices_as_shares(loss, size)
        return
    logits, labels = loss.data(*size)
    given = loss.arrays(logits, labels)
    as_floats = {**given, "labels": given["labels"].astype(float)}
    try:
        read = loss.value_of(as_floats)
    except CallFailed:
        read = np.inf
    value = loss.value(logits, labels)
    if not np.isfinite(read):
        read = value  # refused aloud, which is right
    yield compared(loss, as_floats, ("the loss of labels as floats", read), ("of the same labels as integers", value))


def _indices_as_shares(loss: Loss, size: Size) -> Iterator[Comparison]:
    """Integers -1, 0, 1 of the shape of the logits, which torch refuses until somebody casts them to float."""
    logits, _ = loss.data(*size)
    given = loss.arrays(logits, np.zeros(size, dtype=int))
    indices = np.random.default_rng(4).integers(-1, 2, given["labels"].shape)
    given["labels"] = indices
    values: list[float] = []
    try:
        calls = torch_calls(loss.framework, lambda: values.append(loss.value_of(given)))
    except CallFailed:
        calls = []
    if not any(_is_cast(call.name, call.argument(1, "target"), indices) for call in calls):
        yield compared(loss, given, ("class indices in the place of shares are taken", 0.0), ("it should be", 0.0))
        return
    yield compared(loss, given, ("the loss of these class indices", min(values)), ("a loss is never below", 0.0))


def _is_cast(name: str, target: Any, indices: Array) -> bool:
    if name != "cross_entropy" or not target.is_floating_point():
        return False
    seen = np.asarray(target.detach())
    return seen.size == indices.size and bool(np.array_equal(np.sort(seen.ravel()), np.sort(indices.ravel())))


def _no_one_hot(loss: Loss) -> str | None:
    forms = {reading.labels for reading in loss.readings}
    return None if {"index", "one-hot"} <= forms else "it takes one form of labels only"


def _one_hot(loss: Loss, size: Size) -> Iterator[Comparison]:
    other = loss.read_as(next(reading for reading in loss.readings if reading.labels == "one-hot"))
    logits, labels = loss.data(*size)
    cases: list[tuple[Any, dict[str, Any]]] = [
        (None, {}),
        *((channel, {}) for channel in loss.channels if channel.kind != "ignore"),
    ]
    cases += [(None, {"label_smoothing": 0.2})] if loss.option("label_smoothing") else []
    cases += [(None, {"class_weight": _weights(loss)})] if loss.option("class_weight") else []
    for channel, options in cases:
        counts = None if channel is None or size[1] == 1 else ragged(*size)
        try:
            second = other.value(logits, labels, counts, channel, **options)
        except CallFailed:
            continue  # this form does not take the option, and says so
        first = loss.value(logits, labels, counts, channel, **options)
        arrays = loss.arrays(logits, labels, counts, channel, **options)
        yield compared(loss, arrays, ("the loss", first), ("with the same labels one-hot", second))


# Class weights and smoothing -----------------------------------------------------------------------------------------


def _weights(loss: Loss) -> Array:
    return np.array([1.0, 3.0, 0.5, 2.0, 1.5, 4.0] * loss.classes)[: loss.classes]


def _no_class_weight(loss: Loss) -> str | None:
    if loss.reading.labels == "binary":
        return "its labels are yes or no each"
    if not loss.option("class_weight") and not _weighs_classes(loss):
        return "it takes no class weights"
    return "the steps of a sequence are bound together, as in a CRF" if steps_interact(loss) else None


def _weighs_classes(loss: Loss) -> bool:
    """Whether equal predictions for one class and for another cost differently, by weights that are built in."""
    core = core_of(loss)
    return core is not None and core.kind == "logits" and bool(np.ptp(core.target.sum(1)) > 5e-3 * abs(core.scale))


def _weighted(loss: Loss, size: Size) -> Iterator[Comparison]:
    """The weighted sum over the sum of weights; for a sum, the weighted sum."""
    if not loss.option("class_weight"):
        yield from _built_in(loss, size)
        return
    logits, labels = loss.data(*size)
    weights = _weights(loss)
    sums_rows, sums_steps = scaling(loss)
    divisor = (size[0] if sums_rows else 1) * (size[1] if sums_steps else 1)
    of_copies = [
        copies(loss, one, label, *size) / divisor
        for one, label in zip(logits.reshape(-1, loss.classes), labels.ravel(), strict=True)
    ]
    weight = weights[labels.ravel()]
    total = float((weight * of_copies).sum())
    is_mean = not (sums_rows or sums_steps)
    expected = total / weight.sum() if is_mean else total / (size[0] * size[1] / divisor)
    yield compared(
        loss,
        loss.arrays(logits, labels, class_weight=weights),
        ("the loss", loss.value(logits, labels, class_weight=weights)),
        ("weighted sum / sum of weights" if is_mean else "weighted sum", expected),
    )


def _built_in(loss: Loss, size: Size) -> Iterator[Comparison]:
    """In a mean, built-in weights cancel when all labels are of one class."""
    is_mean = not any(scaling(loss)) and loss.array(*loss.data(*size)).ndim == 0
    if not is_mean:
        return
    core = core_of(loss)
    assert core is not None
    sums = core.target.sum(1)
    pair = [loss.allowed_labels()[-3:][place] for place in (int(sums.argmin()), int(sums.argmax()))]
    costs = [copies(loss, np.zeros(loss.classes), label, *size) for label in pair]
    arrays = loss.arrays(np.zeros((*size, loss.classes)), np.full(size, pair[0]))
    numbers = [
        (f"the loss of equal logits where every label is {label}", cost)
        for label, cost in zip(pair, costs, strict=True)
    ]
    yield compared(loss, arrays, numbers[0], numbers[1])


def _no_smoothing(loss: Loss) -> str | None:
    if loss.reading.labels == "binary":
        return "its labels are yes or no each"
    if not loss.option("label_smoothing"):
        core = core_of(loss)
        return "it does not smooth labels" if core is None or core.is_plain else None
    return "the steps of a sequence are bound together, as in a CRF" if steps_interact(loss) else None


def _smoothed(loss: Loss, _: Size) -> Iterator[Comparison]:
    """The shares of the classes in a smoothed label, found by fitting, add up to 1."""
    smooth = loss.with_options(label_smoothing=_SMOOTHING) if loss.option("label_smoothing") else loss
    plain, core = core_of(loss), core_of(smooth)
    if plain is None or core is None:
        return
    scale = plain.scale if smooth is not loss else max(1.0, float(round(core.scale)))
    label = loss.allowed_labels()[-1]
    others = np.delete(core.target[-1], label) / scale
    if np.ptp(others) > 5e-3:
        return  # class weights are in it too
    arrays = smooth.arrays(*loss.data(1, 1))
    added = "the shares of all classes in the smoothed label, added", float(core.target[-1].sum() / scale)
    even = _SMOOTHING / (loss.classes - 1.0)
    is_even = smooth is not loss and loss.classes > 2 and abs(float(others.mean()) - even) < 5e-3
    context = {"convention": ("smoothing-convention", _EVEN_NOTE)} if is_even else {}
    yield compared(loss, arrays, added, ("they should be", 1.0), tolerance=5e-3, **context)


LABEL_LAWS = (
    Law("each position is compared with its own label", never, _own, _own_bug),
    Law("the classes of one position compete with each other", _no_softmax, _classes, _class_axis),
    Law("as many steps as classes change nothing", _no_time, _square, lambda *_: "class-axis", lambda _: [(2, 2)], ()),
    Law("class indices are never read as probabilities", _no_integers, _floats, lambda *_: "float-labels"),
    Law("one-hot labels cost what class indices cost", _no_one_hot, _one_hot, lambda *_: "one-hot-mismatch"),
    Law("class weights are divided out once", _no_class_weight, _weighted, lambda *_: "class-weight-divisor"),
    Law(
        "a smoothed label adds up to 1",
        _no_smoothing,
        _smoothed,
        lambda *_: "smoothing-convention",
        lambda _: [(1, 1)],
        (),
    ),
)
