"""Finds out by trying how a loss wants its arrays: classes, layout, form of labels, and how it is told what counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from seqwise.doctor.facts import Core, core_of, is_right_for_one_step, lengths_mask, rows_interact, sizes, tried
from seqwise.doctor.frameworks import Array, code_of
from seqwise.doctor.loss import CallFailed, Channel, Loss, Reading
from seqwise.doctor.trace import torch_calls

__all__ = ["probed"]

_MASK_FORMS = [(dtype, axes) for axes in ("positions", "cells", "column") for dtype in ("bool", "float", "int")]
_BINARY_NAMES = re.compile(r"bce|binary|sigmoid|multi_?label", re.IGNORECASE)


def probed(loss: Loss, thing: Any) -> Loss | None:
    """The loss with classes, readings and channels found; None when no layout works."""
    for classes in _class_counts(thing):
        for channels in _required_channels(loss):
            sized = replace(loss, classes=classes, channels=channels)
            chosen = _chosen(sized)
            if chosen is not None:
                turned = _time_first(chosen, thing)
                return replace(turned, channels=tuple(_channels(turned, thing)))
    return None


def _class_counts(thing: Any) -> list[int]:
    """Numbers of classes to try: those that the object itself speaks of, then any."""
    held = vars(thing) if hasattr(thing, "__dict__") else {}
    buffers = {**held.get("_buffers", {}), **held.get("_parameters", {}), **held}
    buffers |= getattr(thing, "keywords", None) or {}
    spoken = [
        size
        for name, value in buffers.items()
        for size in ([value] if isinstance(value, int) and re.search("class|tag|label|vocab", name) else _sides(value))
        if 2 <= size <= 50
    ]
    return list(dict.fromkeys([*spoken, 5, 3, 2, 4, 6, 7, 8, 9, 10]))


def _sides(value: Any) -> list[int]:
    shape: tuple[int, ...] = getattr(value, "shape", (len(value),) if isinstance(value, list) else ())
    return [int(shape[-1])] if len(shape) in (1, 2) else []


def _required_channels(loss: Loss) -> Iterator[tuple[Channel, ...]]:
    """Ways to tell that everything counts, for parameters that must be given."""
    forms = [_mask_channels(loss, role) for role in ("mask", "padding_mask") if loss.is_required(role)]
    if loss.is_required("lengths"):
        forms.append(_lengths_channels(loss))
    if loss.is_required("sample_weight"):
        forms.append(_weight_channels(loss))
    return product(*forms)


def _mask_channels(loss: Loss, role: str) -> list[Channel]:
    name = loss.parameter(role)
    return [Channel("mask", name, role, form, role == "mask") for form in _MASK_FORMS]


def _lengths_channels(loss: Loss) -> list[Channel]:
    name = loss.parameter("lengths")
    return [Channel("lengths", name, "lengths", (form, "")) for form in ("array", "list")]


def _weight_channels(loss: Loss) -> list[Channel]:
    name = loss.parameter("sample_weight")
    return [Channel("weight", name, "sample_weight", ("float", axes)) for axes in ("positions", "cells", "column")]


# Layouts -------------------------------------------------------------------------------------------------------------


def _chosen(loss: Loss) -> Loss | None:
    """The loss with the reading that the laws will use, and all readings that make sense."""
    for first_label in (0, 1):
        index = [Reading(layout, "index", "logits", first_label) for layout in ("btc", "bct", "nc")]
        one_hot = [Reading(layout, "one-hot") for layout in ("btc", "bct", "nc")]
        accepted = [fed for reading in [*index, *one_hot] for fed in _accepted(loss, reading)]
        indexed = [reading for reading in accepted if reading.labels == "index"]
        if indexed:
            return _best(loss, indexed, others=[one for one in accepted if one.labels == "one-hot"])
    if accepted and not _BINARY_NAMES.search(loss.name):
        best = _best(loss, accepted, others=[])
        if core_of(best) is not None:
            return best
    binary = [_accepted(loss, Reading(layout, "binary")) for layout in ("btc", "bt", "nc", "n")]
    flat = [reading for readings in binary for reading in readings]
    if flat and (core_of(_sized(loss, flat[0])) is not None or not accepted or _BINARY_NAMES.search(loss.name)):
        return _sized(loss, flat[0])
    return _best(loss, accepted, others=[]) if accepted else None


def _time_first(loss: Loss, thing: Any) -> Loss:
    """A CRF with time as its first axis, as torch's recurrent layers have it, when that is what it takes."""
    code = code_of(thing)
    used = code.__code__.co_names if code is not None else ()
    words = " ".join((loss.name, *(vars(thing) if hasattr(thing, "__dict__") else ()), *used)).lower()
    is_chain = "crf" in words or "transition" in words or loss.signature.named("transitions") is not None
    if not is_chain or loss.reading.layout != "btc" or not rows_interact(loss):
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
        if all(tried(read, *read.data(*size)) for size in sizes(classes)) and _hears(read):
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
    sensible = [reading for reading in fed if core_of(loss.read_as(reading)) is not None]
    candidates = [reading for reading in sensible if reading in timed]
    if not candidates and fed[0].labels == "index":
        candidates = _mistaken(loss, timed, sensible)
    candidates = candidates or sensible or timed or fed
    beside = [_with_feed(loss, reading) for reading in others if reading.layout == candidates[0].layout]
    return replace(loss, reading=candidates[0], readings=(*candidates, *beside))


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
    for feed in ("logits", "probabilities"):
        core = _core(loss.read_as(replace(reading, feed=feed)))
        if core is None or (feed == "logits" and core.kind == "log-probabilities"):
            continue
        return replace(reading, feed=feed)
    core = _core(loss.read_as(replace(reading, feed="log-probabilities")))
    return replace(reading, feed="log-probabilities") if core is not None else reading


def _core(loss: Loss) -> Core | None:
    try:
        return core_of(loss)
    except CallFailed:
        return None


# What counts ---------------------------------------------------------------------------------------------------------


def _channels(loss: Loss, thing: Any) -> Iterator[Channel]:
    """Every way in which this loss can be told what counts."""
    for role in ("mask", "padding_mask"):
        if loss.option(role):
            yield from _mask_channel(loss, role)
    if loss.option("lengths"):
        yield from _first_working(loss, _lengths_channels(loss))
    has_mask = any(loss.option(role) for role in ("mask", "padding_mask", "lengths"))
    if loss.option("sample_weight") and (loss.is_required("sample_weight") or not has_mask):
        owner = _keras_owner(thing)
        yield from (replace(one, owner=owner) for one in _first_working(loss, _weight_channels(loss)))
    if _keras_owner(thing):
        yield from _first_working(loss, [Channel("keras", "the mask that Keras hands on", owner="keras")])
    if loss.reading.labels == "index":
        yield from _named_label(loss) if loss.option("ignore_index") else [] if has_mask else _silent_label(loss)


def _keras_owner(thing: Any) -> str | None:
    """Keras, when the object is a `keras.losses.Loss`, whose base class weighs and averages."""
    return (
        "keras" if any("keras" in kind.__module__ and kind.__name__ == "Loss" for kind in type(thing).__mro__) else None
    )


def _ragged(loss: Loss) -> tuple[Array, Array, Array]:
    rows, steps = max(sizes(loss.classes))
    logits, labels = loss.data(rows, steps)
    return logits, labels, lengths_mask([steps, *[1 + row % (steps - 1) for row in range(1, rows)]], steps)


def _first_working(loss: Loss, candidates: list[Channel]) -> Iterator[Channel]:
    for channel in candidates:
        with_channel = _telling(loss, channel)
        logits, labels, counts = _ragged(with_channel)
        if tried(with_channel, logits, labels, counts, channel):
            yield channel
            return


def _telling(loss: Loss, channel: Channel) -> Loss:
    """The loss told by this channel; other parameters that must be given stay."""
    return replace(loss, channels=(channel, *(one for one in loss.channels if one.role != channel.role)))


def _mask_channel(loss: Loss, role: str) -> Iterator[Channel]:
    """The mask in the form that works; what True means is seen from what has an effect, else from its name."""
    for channel in _first_working(loss, _mask_channels(loss, role)):
        padding, counted = _effects(loss, channel)
        is_backwards = padding > 0 and counted == 0
        yield replace(channel, true_counts=channel.true_counts != is_backwards)


def _effects(loss: Loss, channel: Channel) -> tuple[float, float]:
    """How much the loss changes with the logits of padding, and with those of what counts."""
    told = _telling(loss, channel)
    logits, labels, counts = _ragged(told)
    other, _ = told.data(len(counts), counts.shape[1], seed=1)
    base = told.value(logits, labels, counts, channel)
    padding = told.value(np.where(counts[..., None], logits, other), labels, counts, channel)
    counted = told.value(np.where(counts[..., None], other, logits), labels, counts, channel)
    return _effect(padding - base), _effect(counted - base)


def _effect(difference: float) -> float:
    return 0.0 if abs(difference) < 1e-5 else abs(difference)


def _named_label(loss: Loss) -> Iterator[Channel]:
    """The label that a parameter such as ignore_index says does not count."""
    parameter = loss.signature.named("ignore_index") or loss.constructor.named("ignore_index")
    assert parameter is not None
    default = parameter.default
    values = [default] if isinstance(default, int) else [-100, -1, 0]
    named = [Channel("ignore", f"{parameter.name}={value}", "ignore_index", value=value) for value in values]
    yield from _first_working(loss, named)


def _silent_label(loss: Loss) -> Iterator[Channel]:
    """The label that has no effect by itself, as 0 in many a tutorial; that of torch's own loss is noted only."""
    for value in (-100, -1, 0):
        for working in _first_working(loss, [Channel("ignore", f"labels of {value}", value=value)]):
            padding, counted = _effects(loss, working)
            if padding > 0 or counted == 0:
                continue
            if value == -100 and _reaches_torch(loss, working):
                loss.note("labels of -100 do not count: the hidden default of ignore_index in torch's cross_entropy")
                continue
            if value >= 0 or loss.framework.name == "torch" or _is_meant(loss, working):
                yield working
                return


def _reaches_torch(loss: Loss, channel: Channel) -> bool:
    """Whether it is torch's own cross-entropy that meets the ignored label."""
    told = _telling(loss, channel)
    logits, labels, counts = _ragged(told)
    calls = torch_calls(loss.framework, lambda: told.value(logits, labels, counts, channel))
    return any(
        call.name in ("cross_entropy", "nll_loss") and channel.value in np.asarray(call.arguments[1]) for call in calls
    )


def _is_meant(loss: Loss, channel: Channel) -> bool:
    """Whether an ignored label out of range is left out of the average too, and did not just happen to cost nothing."""
    told = _telling(loss, channel)
    logits, labels, counts = _ragged(told)
    wider, more_labels = (np.concatenate([one, one[:, -1:]], 1) for one in (logits, labels))
    more = np.concatenate([counts, np.zeros_like(counts[:, :1])], 1)
    first = told.value(logits, labels, counts, channel)
    return abs(first - told.value(wider, more_labels, more, channel)) < 1e-4 * (1 + abs(first))
