"""The examination of a model: a module in, a report out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import CallFailed
from seqwise.doctor.called_model import Model, Told, understood_model
from seqwise.doctor.examine import examined
from seqwise.doctor.findings_report import Report
from seqwise.doctor.laws.model_laws import MODEL_LAWS, holds_alone

__all__ = ["model_report"]


def model_report(thing: Any, name: str) -> Report:
    """The findings about a model.

    Raises:
        UsageError: it cannot be built or called.
    """
    model = _oriented(_batch_first(understood_model(thing, name)))
    return examined(model, MODEL_LAWS, _described(model))


def _oriented(model: Model) -> Model:
    """The model whose masks mean what they do, where a name such as `mask` does not say what True means."""
    ways = tuple(_turned(model, way) for way in model.ways)
    for way in ways:
        if way.kind == "mask" and way.by_name is None and not way.true_counts:
            model.note(f"True in {way.name} is padding, by what it does; its name does not say so")
    return replace(model, ways=ways)


def _turned(model: Model, way: Told) -> Told:
    if way.kind != "mask" or way.by_name is not None or holds_alone(model, way):
        return way
    return way.inverted if holds_alone(model, way.inverted) else way


def _batch_first(model: Model) -> Model:
    """The model, called with (time, batch) if that is what it takes.

    Its output then has a row for each column, and each row depends on the whole column. Where the last or the first
    sequence of the batch alone decides, it is a slice of the wrong axis.
    """
    if model.time_first or model.channels_first:
        return model
    inputs = model.inputs(3, model.steps)
    outputs = model.outputs(inputs)
    if any(len(one) == 3 for one in outputs.values()):
        return model
    changed = inputs.copy()
    changed[1] = model.inputs(3, model.steps, seed=1)[1]
    other = model.outputs(changed)
    is_heard = any(np.abs(other[name] - outputs[name]).max() > 1e-6 for name in outputs)
    turned = replace(model, time_first=True)
    try:
        rows = [len(one) for one in turned.outputs(inputs).values()]
    except CallFailed:
        return model
    return turned if is_heard and 3 in rows else model


def _described(model: Model) -> str:
    steps = model.fixed or max(11, model.least)
    time = f"{steps} steps" if model.fixed else f"time of {model.least} or more" if model.least > 1 else "time"
    axes = f"({time}, batch" if model.time_first else f"(batch, {time}"
    kind = f"numbers {axes}, {model.channels})"
    if model.symbols:
        kind = f"token ids {axes})"
    elif model.channels_first:
        kind = f"numbers (batch, {model.channels}, {time})"
    told = "".join(f", {way.text}" for way in model.ways)
    rows = steps + 2
    shapes = {name: one.shape for name, one in model.outputs(model.inputs(rows, steps)).items()}
    known = {rows: "batch", steps: "time"}
    texts = [
        f"{name} {_axes(shape, known)}" if len(shapes) > 1 else _axes(shape, known) for name, shape in shapes.items()
    ]
    inputs = model.parameter("inputs")
    return f"{model.name}, a model in {model.framework.name}: takes {inputs} = {kind}{told}; gives {', '.join(texts)}"


def _axes(shape: tuple[int, ...], known: dict[int, str]) -> str:
    places = [known.get(size, str(size)) if place < 2 else str(size) for place, size in enumerate(shape)]
    return f"({', '.join(places)})"
