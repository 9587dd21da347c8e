"""Finds out by trying how a loss wants its arrays: classes, layout and form of labels."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import CallFailed, Loss, Reading
from seqwise.doctor.facts import (
    Core,
    alike,
    core_of,
    is_right_for_one_step,
    offset,
    rows_interact,
    sizes,
    some_label,
    steps_interact,
    tried,
)
from seqwise.doctor.frameworks import code_of, enclosed
from seqwise.doctor.mask_channels import channels, required_channels
from seqwise.doctor.signature import plain_name

__all__ = ["probed"]

_BINARY_NAMES = re.compile(r"bce|binary|sigmoid|multi_?label", re.IGNORECASE)


def probed(loss: Loss, thing: Any) -> Loss | None:
    """The loss with classes, readings and channels found; None when no layout works."""
    for classes in _class_counts(loss, thing):
        for required in required_channels(loss):
            sized = replace(loss, classes=classes, channels=required)
            chosen = _chosen(sized)
            if chosen is not None:
                turned = _next_step(_time_first(chosen))
                return replace(turned, channels=tuple(channels(turned, thing)))
    return None


def _class_counts(loss: Loss, thing: Any) -> list[int]:
    """Numbers of classes to try: those that the object or its parameters speak of, then any."""
    thing = _object(loss, thing)
    held = vars(thing) if hasattr(thing, "__dict__") else {}
    buffers = {**held.get("_buffers", {}), **held.get("_parameters", {}), **held}
    buffers |= getattr(thing, "keywords", None) or {}
    code = code_of(thing)
    buffers |= enclosed(code) if code is not None else {}
    parameters = (*loss.signature.parameters, *loss.constructor.parameters)
    buffers |= {f"class {one.name}": one.default for one in parameters if one.role == "class_count"}
    spoken = [
        size
        for name, value in buffers.items()
        for size in ([value] if isinstance(value, int) and re.search("class|tag|label|vocab", name) else _sides(value))
        if 2 <= size <= 50
    ]
    return list(dict.fromkeys([*spoken, 5, 3, 2, 4, 6, 7, 8, 9, 10]))


def _object(loss: Loss, thing: Any) -> Any:
    """An object of a class, where one can be had without arguments; the thing itself otherwise."""
    if not isinstance(thing, type):
        return thing
    try:
        return loss.build()
    except Exception:  # whatever the user's code raises
        return thing


def _sides(value: Any) -> list[int]:
    shape: Any = getattr(value, "shape", (len(value),) if isinstance(value, list) else ())
    is_shape = isinstance(shape, tuple | list) and len(shape) in (1, 2)  # a module has a function of that name
    return [int(shape[-1])] if is_shape and isinstance(shape[-1], int) else []


# Layouts -------------------------------------------------------------------------------------------------------------


def _chosen(loss: Loss) -> Loss | None:
    """The loss with the reading that the laws will use, and all readings that make sense."""
    for first_label in (0, 1, -1):
        index = [Reading(layout, "index", "logits", first_label) for layout in ("btc", "bct", "nc")]
        one_hot = [Reading(layout, "one-hot") for layout in ("btc", "bct", "nc")]
        accepted = [fed for reading in [*index, *one_hot] for fed in _accepted(loss, reading)]
        indexed = [reading for reading in accepted if reading.labels == "index"]
        if indexed:
            return _best(loss, indexed, others=[one for one in accepted if one.labels == "one-hot"])
    best = _best(loss, accepted, others=[]) if accepted else None
    if best is not None and _core(best) is not None and not _BINARY_NAMES.search(loss.name):
        return best
    binary = [_accepted(loss, Reading(layout, "binary")) for layout in ("btc", "bt", "nc", "n")]
    flat = [reading for readings in binary for reading in readings]
    if not flat or (best is not None and _core(best) is not None and _core(_sized(loss, flat[0])) is None):
        return best
    if _core(_sized(loss, flat[0])) is not None or best is None or _BINARY_NAMES.search(loss.name):
        return _sized(loss, flat[0])
    return best


_LANGUAGE = re.compile(r"(^|_)(c?lm|gpt|llm)(_|loss|$)|causal|language|autoregress|next_?token|input_ids|vocab")


def _next_step(loss: Loss) -> Loss:
    """A loss that by its words is that of a language model, whose next token is the label, read as one."""
    words = [plain_name(loss.name), *(plain_name(one.name) for one in loss.signature.parameters)]
    if not any(_LANGUAGE.search(word) for word in words) or loss.reading.labels != "index" or not loss.reading.has_time:
        return loss
    shifting = loss.read_as(replace(loss.reading, shifts=True))
    try:
        if offset(loss) != "next step" or offset(shifting) != "own":
            return loss
    except CallFailed:
        return loss
    shifting.readings = (shifting.reading,)
    shifting.note(
        "it compares each step with the label of the next one, as a language model's loss does: give labels that are "
        "not shifted already; for tags that would be a bug"
    )
    return shifting


def _time_first(loss: Loss) -> Loss:
    """A CRF with time as its first axis, as torch's recurrent layers have it, when that is what it takes."""
    if not loss.is_chain or loss.reading.layout != "btc" or not rows_interact(loss):
        return loss
    turned = loss.read_as(replace(loss.reading, layout="tbc"))
    turned.readings = (turned.reading,)
    return loss if rows_interact(turned) else turned


def _sized(loss: Loss, reading: Reading) -> Loss:
    """The loss read so; yes-or-no labels without an axis of their own are one class."""
    fed = _with_feed(loss, reading)
    return replace(loss, reading=fed, readings=(fed,), classes=1 if reading.layout in ("bt", "n") else loss.classes)


def _accepted(loss: Loss, reading: Reading) -> list[Reading]:
    """The reading, with the first feed that gives numbers at both sizes; empty when none does."""
    classes = 1 if reading.layout in ("bt", "n") else loss.classes
    for feed in ("logits", "probabilities", "log-probabilities"):
        read = replace(loss, reading=replace(reading, feed=feed), classes=classes)
        # A wrong layout may refuse only the labels beyond the size of another axis.
        last = alike(np.zeros(classes), some_label(read), sizes(classes)[0])
        batches = [*(read.data(*size) for size in sizes(classes)), last]
        if all(tried(read, *batch) for batch in batches) and _hears(read):
            return [read.reading]
    return []


def _hears(loss: Loss) -> bool:
    """Whether other logits give another loss."""
    size = sizes(loss.classes)[0]
    logits, labels = loss.data(*size)
    return abs(loss.value(logits, labels) - loss.value(loss.data(*size, seed=1)[0], labels)) > 1e-6


def _best(loss: Loss, accepted: list[Reading], others: list[Reading]) -> Loss:
    """The reading whose numbers make sense, batch and time first; the sensible ones beside it."""
    fed = [_with_feed(loss, reading) for reading in accepted]
    timed = [reading for reading in fed if reading.has_time]
    sensible = [reading for reading in fed if _core(loss.read_as(reading)) is not None]
    sensible = sensible or [reading for reading in fed if _is_orderly(loss.read_as(reading))]
    candidates = [reading for reading in sensible if reading in timed]
    if not candidates and fed[0].labels == "index":
        candidates = _mistaken(loss, timed, sensible)
    candidates = candidates or sensible or timed or fed
    beside = [_with_feed(loss, reading) for reading in others if reading.layout == candidates[0].layout]
    return replace(loss, reading=candidates[0], readings=(*candidates, *beside))


def _is_orderly(loss: Loss) -> bool:
    """Whether each position is by itself and meets its own label, whatever the formula."""
    try:
        return not rows_interact(loss) and not steps_interact(loss) and offset(loss) == "own"
    except CallFailed:
        return False


def _mistaken(loss: Loss, timed: list[Reading], sensible: list[Reading]) -> list[Reading]:
    """Layouts with time that are taken, and wrongly; none when the loss is meant for positions in a row.

    A loss that is right for (N, C) is examined as such, unless it takes (B, T, C) too or is right for a single step.
    """
    cores = [_core(loss.read_as(one)) for one in sensible]
    if not timed or any(core is not None and core.kind in ("softmax twice", "no logarithm") for core in cores):
        return []
    if not sensible or timed[0].layout == "btc":
        return timed
    one_step = [one for one in timed if is_right_for_one_step(loss.read_as(one))]
    for one in timed:
        if one not in one_step:
            loss.note(
                f"{one.layout.upper()} logits are taken too, but the softmax then runs over another axis than classes"
            )
    return one_step


def _with_feed(loss: Loss, reading: Reading) -> Reading:
    """The reading with what the loss really takes: logits when it makes sense of them, else what it makes sense of."""
    core = _core(loss.read_as(replace(reading, feed="logits")))
    is_linear = core is not None and core.kind == "log-probabilities"
    if core is not None and not is_linear:
        return replace(reading, feed="logits")
    core = _core(loss.read_as(replace(reading, feed="probabilities")))
    if core is not None and not _is_misread(loss, reading, core, is_linear):
        return replace(reading, feed="probabilities")
    core = _core(loss.read_as(replace(reading, feed="log-probabilities")))
    return replace(reading, feed="log-probabilities") if core is not None else reading


def _is_misread(loss: Loss, reading: Reading, core: Core, is_linear: bool) -> bool:
    """Whether a formula of probabilities is one of something else, on which probabilities were tried.

    With a softmax of its own it takes logits. What is linear takes log-probabilities, unless its parameter says other.
    """
    if core.kind == "no logarithm":
        return is_linear and loss.signature.named("probabilities") is None
    read = loss.read_as(replace(reading, feed="logits"))
    return core.kind == "softmax twice" and tried(read, *read.data(*sizes(read.classes)[0]))


def _core(loss: Loss) -> Core | None:
    try:
        return core_of(loss)
    except CallFailed:
        return None
