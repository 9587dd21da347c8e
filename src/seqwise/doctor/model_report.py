"""The examination of a model: a module in, a report out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seqwise.doctor.examine import examined
from seqwise.doctor.laws.models import MODEL_LAWS
from seqwise.doctor.loss import CallFailed
from seqwise.doctor.model import Model, understood_model
from seqwise.doctor.report import Report

__all__ = ["model_report"]


def model_report(thing: Any, name: str) -> Report:
    """The findings about a model.

    Raises:
        UsageError: it cannot be built or called.
    """
    model = _batch_first(understood_model(thing, name))
    return examined(model, MODEL_LAWS, _described(model))


def _batch_first(model: Model) -> Model:
    """The model, called with (time, batch) if that is what it takes.

    Its output then has a row for each column, and each row depends on the whole column. Where the last or the first
    sequence of the batch alone decides, it is a slice of the wrong axis.
    """
    inputs = model.inputs(3, 5)
    outputs = model.outputs(inputs)
    if any(len(one) == 3 for one in outputs.values()):
        return model
    changed = inputs.copy()
    changed[1] = model.inputs(3, 5, seed=1)[1]
    other = model.outputs(changed)
    is_heard = any(np.abs(other[name] - outputs[name]).max() > 1e-6 for name in outputs)
    turned = replace(model, time_first=True)
    try:
        rows = [len(one) for one in turned.outputs(inputs).values()]
    except CallFailed:
        return model
    return turned if is_heard and 3 in rows else model


def _described(model: Model) -> str:
    axes = "(time, batch" if model.time_first else "(batch, time"
    kind = f"token ids {axes})" if model.symbols else f"numbers {axes}, {model.channels})"
    told = "".join(f", {way.text}" for way in model.ways)
    shapes = {name: one.shape for name, one in model.outputs(model.inputs(13, 11)).items()}
    texts = [f"{name} {_axes(shape)}" if len(shapes) > 1 else _axes(shape) for name, shape in shapes.items()]
    inputs = model.parameter("inputs")
    return f"{model.name}, a model in {model.framework.name}: takes {inputs} = {kind}{told}; gives {', '.join(texts)}"


def _axes(shape: tuple[int, ...]) -> str:
    names = {13: "batch", 11: "time"}
    return f"({', '.join(names.get(size, str(size)) if place < 2 else str(size) for place, size in enumerate(shape))})"
