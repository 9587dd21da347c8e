"""The ways in which a loss can be told what counts, found by trying: masks, lengths, weights, ignored labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import Channel, Loss
from seqwise.doctor.facts import lengths_mask, sizes, tried
from seqwise.doctor.frameworks import Array
from seqwise.doctor.trace import torch_calls

__all__ = ["channels", "required_channels"]

_MASK_FORMS = [(dtype, axes) for axes in ("positions", "cells", "column") for dtype in ("bool", "float", "int")]


def required_channels(loss: Loss) -> Iterator[tuple[Channel, ...]]:
    """Ways to tell that everything counts, for parameters that must be given."""
    masks = [_mask_channels(loss, role) for role in ("mask", "padding_mask") if loss.is_required(role)]
    forms = [[*usual, *(replace(one, true_counts=not one.true_counts) for one in usual)] for usual in masks]
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


def channels(loss: Loss, thing: Any) -> Iterator[Channel]:
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
    if loss.reading.labels in ("index", "binary"):
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
        if is_backwards and role == "padding_mask":
            loss.note(
                f"only steps at which {channel.text} is True count, although by its name True is padding; given as it "
                f"is called, the loss is that of the padding"
            )
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
    guesses = [0, -100, -1] if "pad" in parameter.name.lower() else [-100, -1, 0]
    values = [default] if isinstance(default, int | float) and not isinstance(default, bool) else guesses
    named = [Channel("ignore", f"{parameter.name}={value}", "ignore_index", value=value) for value in values]
    yield from _first_working(loss, named)


def _silent_label(loss: Loss) -> Iterator[Channel]:
    """The label that has no effect by itself, as 0 in many a tutorial; that of torch's own loss is noted only."""
    for value in (np.nan, -1, -100) if loss.reading.labels == "binary" else (-100, -1, 0):
        for working in _first_working(loss, [Channel("ignore", f"labels of {value}", value=value)]):
            padding, counted = _effects(loss, working)
            if padding > 0 or counted == 0:
                continue
            if value == -100 and _reaches_torch(loss, working):
                loss.note("labels of -100 do not count: the hidden default of ignore_index in torch's cross_entropy")
                continue
            if (
                loss.reading.labels == "binary"
                or value >= 0
                or loss.framework.name == "torch"
                or _is_meant(loss, working)
            ):
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
