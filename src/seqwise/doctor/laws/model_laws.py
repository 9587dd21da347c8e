"""Laws about models: a sequence gets the same output alone and in any batch, and all of it reaches the output."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from seqwise.doctor.called_loss import CallFailed
from seqwise.doctor.called_model import Model, Told
from seqwise.doctor.frameworks import Array
from seqwise.doctor.laws._law import Comparison, Law, Size, never
from seqwise.doctor.laws.determinism_laws import STEADY_LAWS_OF_MODELS, furthest
from seqwise.doctor.recurrent_layers import directions, is_recurrent, layers_of, nudged
from seqwise.doctor.trace import torch_calls

__all__ = ["MODEL_LAWS", "holds_alone"]


def _sizes(model: Model) -> list[Size]:
    return model.sizes()


_SMALLER: tuple[Size, ...] = ((2, 2), (2, 3), (3, 3))


def _lengths(model: Model, rows: int, steps: int) -> Array:
    """Lengths that differ, the longest second; the longest first where the model asks for that."""
    found = [max(min(model.least, steps), steps - (2 if steps > 3 else 1) * row) for row in range(rows)]
    return np.array(found if model.sorted_only or rows < 2 else [found[1], found[0], *found[2:]])


def _counts(model: Model, size: Size) -> Array:
    return np.arange(size[1])[None, :] < _lengths(model, *size)[:, None]


def _close(arrays: dict[str, Any], first: tuple[str, float], second: tuple[str, float], **context: Any) -> Comparison:
    return Comparison(arrays, (first, second), 1e-4, context)


# One row for each sequence -------------------------------------------------------------------------------------------


def _rows(model: Model, size: Size) -> Iterator[Comparison]:
    for rows in dict.fromkeys((size[0], 1)):
        inputs = model.inputs(rows, size[1])
        for name, output in _outputs_of(model, inputs).items():
            found = float(len(output)) if output.ndim else 0.0
            what = "rows of the output" if output.ndim else f"rows of the output, which is one number ({name})"
            numbers = (what, found), ("sequences in the batch", float(rows))
            yield _close(model.arrays(inputs), *numbers, rows=rows)


def _outputs_of(model: Model, inputs: Array) -> dict[str, Array]:
    """The outputs; none for a batch of one in which the model raises."""
    try:
        return model.outputs(inputs)
    except CallFailed:
        if len(inputs) == 1:
            return {}
        raise


def _rows_bug(_: Model, comparison: Comparison) -> str:
    return "squeezed-batch" if comparison.context["rows"] == 1 else "batch-axis-slice"


# Alone and in a batch ------------------------------------------------------------------------------------------------


def _untold(model: Model) -> str | None:
    return None if model.ways else "it takes no lengths and no mask, so it cannot be told what is padding"


def _alone(model: Model, size: Size) -> Iterator[Comparison]:
    for way in model.ways:
        yield from _alone_by(model, size, way)


def _alone_by(model: Model, size: Size, way: Told) -> Iterator[Comparison]:
    inputs, counts = model.inputs(*size), _counts(model, size)
    together = model.outputs(inputs, counts, way)
    for row, length in enumerate(_lengths(model, *size)):
        by_itself = model.outputs(inputs[row : row + 1, :length], counts[row : row + 1, :length], way)
        for name, output in together.items():
            padded = output[row, :length] if _per_step(output, size) else output[row]
            if not by_itself[name].ndim or len(by_itself[name]) != 1 or by_itself[name][0].shape != padded.shape:
                continue
            first, second = furthest(padded, by_itself[name][0])
            if row == 0 and length == size[1]:
                continue
            yield _close(
                model.arrays(inputs, counts, way),
                (f"an output of sequence {row + 1} in this batch", first),
                ("the same output of the sequence alone", second),
                way=way,
            )


def _per_step(output: Array, size: Size) -> bool:
    return output.ndim > 2 and output.shape[1] == size[1]


def _culprit(model: Model, comparison: Comparison) -> str | None:
    """Names the layer that let the padding in: attention, pooling or the recurrent layer; or rows that changed places.

    What mixes steps without any of them, such as a convolution, has no name; without that either, it is a pooling.
    """
    way = comparison.context["way"]
    if way.by_name is not None and holds_alone(model, way.inverted):
        return "mask-inverted"
    if _is_shuffled(model, way):
        return "batch-mates"
    found = _by_trace(model, way) if "torch" in model.framework.name else _by_words(model)
    if found or is_recurrent(model.thing):
        return found or "last-state-padding"
    return None if any("Conv" in type(layer).__name__ for layer in layers_of(model.thing)) else "pooling-padding"


def holds_alone(model: Model, way: Told) -> bool:
    """Whether a sequence gets the same output alone and in a padded batch when it is told in this way."""
    told = replace(model, ways=(way, *(one for one in model.ways if one.name != way.name)))
    try:
        found = [one for size in model.sizes() for one in _alone_by(told, size, way)]
    except CallFailed:
        return False
    return bool(found) and all(one.agrees for one in found)


def _is_shuffled(model: Model, way: Told) -> bool:
    """Whether each sequence gets its own output, in another row."""
    size = model.sizes()[0]
    inputs, counts = model.inputs(*size), _counts(model, size)
    together = next(iter(model.outputs(inputs, counts, way).values()))
    if together.ndim != 2 or len(together) != size[0]:
        return False
    found = []
    for row, length in enumerate(_lengths(model, *size)):
        alone = next(iter(model.outputs(inputs[row : row + 1, :length], counts[row : row + 1, :length], way).values()))
        distances = np.abs(together - alone).max(1)
        if distances.min() > 1e-5:
            return False
        found.append(int(distances.argmin()))
    return found != list(range(size[0]))


def _by_trace(model: Model, way: Told) -> str | None:
    """From the functions of torch that ran over an axis as long as the batch has steps."""
    size = (3, model.sizes()[0][1])
    inputs, counts = model.inputs(*size), _counts(model, size)
    calls = torch_calls(model.framework, lambda: model.outputs(inputs, counts, way))
    names = [_attends(call, counts) or _pools(call, counts) for call in calls]
    return next((name for name in ("attention-padding", "pooling-padding") if name in names), None)


def _attends(call: Any, counts: Array) -> str | None:
    """A softmax over time that gives weight to padding, or torch's own attention without a mask."""
    if call.name in ("multi_head_attention_forward", "scaled_dot_product_attention"):
        masks = [call.options.get(name) for name in ("key_padding_mask", "attn_mask")]
        given = any(mask is not None for mask in masks)
        return (
            None
            if given or (call.name == "scaled_dot_product_attention" and len(call.arguments) > 3)
            else "attention-padding"
        )
    if call.name not in ("softmax", "log_softmax"):
        return None
    weights = call.result.detach().float().cpu().numpy()
    axis = call.argument(1, "dim")
    if not isinstance(axis, int) or weights.ndim < 2 or weights.shape[axis] != counts.shape[1]:
        return None
    by_time = np.moveaxis(weights, axis, -1)
    rows = by_time.reshape(by_time.shape[0], -1, counts.shape[1])
    if len(rows) != len(counts):
        return None
    return "attention-padding" if (rows * ~counts[:, None, :]).max() > 1e-6 else None


def _pools(call: Any, counts: Array) -> str | None:
    """A mean, sum or maximum over time that takes in padding."""
    if call.name not in (
        "mean",
        "sum",
        "max",
        "amax",
        "adaptive_avg_pool1d",
        "adaptive_max_pool1d",
        "max_pool1d",
        "avg_pool1d",
    ):
        return None
    values = call.arguments[0] if call.arguments else call.options.get("input")
    if not hasattr(values, "dim") or values.dim() != 3 or len(values) != len(counts) or not values.is_floating_point():
        return None
    axis = call.argument(1, "dim") if "pool" not in call.name else -1
    axis = axis[0] if isinstance(axis, tuple | list) and len(axis) == 1 else axis
    if not isinstance(axis, int) or values.shape[axis] != counts.shape[1]:
        return None
    padding = np.moveaxis(values.detach().float().cpu().numpy(), axis, 1)[~counts]
    if call.name == "sum":
        return "pooling-padding" if np.abs(padding).max() > 1e-6 else None
    if "max" in call.name:
        return "pooling-padding" if padding.max() > -1e4 else None
    return "pooling-padding"


def _by_words(model: Model) -> str | None:
    """From the kinds of layers and the words of the code, where the framework cannot be watched."""
    kind = type(model.thing)
    words = [type(layer).__name__ for layer in layers_of(model.thing)]
    with contextlib.suppress(OSError, TypeError):  # a class without source has no words
        words.append(inspect.getsource(kind) if not kind.__module__.startswith("keras") else "")
    text = " ".join(words)
    if re.search(r"softmax\(|Attention", text):
        return "attention-padding"
    return "pooling-padding" if re.search(r"Pooling|mean\(|max\(|sum\(", text) else None


# Sequences do not influence each other -------------------------------------------------------------------------------


def _mates(model: Model, size: Size) -> Iterator[Comparison]:
    inputs = model.inputs(*size)
    outputs = model.outputs(inputs)
    for row in (0, size[0] - 1):
        others = model.inputs(*size, seed=1)
        others[row] = inputs[row]
        changed = model.outputs(others)
        for name, output in outputs.items():
            if len(output) != size[0]:
                continue
            first, second = furthest(output[row], changed[name][row])
            yield _close(
                model.arrays(inputs),
                (f"an output of sequence {row + 1}", first),
                ("the same output with other sequences beside it", second),
            )
    yield from _places(model, inputs, outputs)


def _places(model: Model, inputs: Array, outputs: dict[str, Array]) -> Iterator[Comparison]:
    """In the opposite order, the sequences have the same outputs in the opposite order."""
    turned = model.outputs(inputs[::-1].copy())
    for name, output in outputs.items():
        if len(output) != len(inputs) or turned[name].shape != output.shape:
            continue
        first, second = furthest(output, turned[name][::-1])
        numbers = (
            ("an output of the batch", first),
            ("the same output with the sequences in the opposite order", second),
        )
        yield _close(model.arrays(inputs), *numbers)


# A mask means what its name says ------------------------------------------------------------------------------------


def _no_name(model: Model) -> str | None:
    named = any(way.by_name is not None for way in model.ways)
    return None if named else "it takes no mask whose name says what True means"


def _as_named(model: Model, size: Size) -> Iterator[Comparison]:
    for way in model.ways:
        if way.by_name is not None:
            first = (f"True counts in what works for {way.name}", float(way.true_counts))
            yield _close(model.arrays(model.inputs(*size)), first, ("it does by its name", float(way.by_name)))


# All of it reaches the output ----------------------------------------------------------------------------------------


def _steps(model: Model, size: Size) -> Iterator[Comparison]:
    """The first and the last step have an effect, as the one in the middle has."""
    if size[1] < 3:
        return
    counts = _counts(model, size)
    for way in model.ways or (None,):
        told = None if way is None else counts
        effects = _effects(model, size, told, way)
        if (effects > 1e-6).sum() < max(2, len(effects) - 2):
            continue  # it reads one step only, which is its business
        for step, text in ((0, "first"), (len(effects) - 1, "last")):
            has_effect = float(effects[step] > 1e-6)
            if not has_effect and _is_out_of_reach(model, size, way, effects, step):
                continue
            numbers = (f"the {text} step of sequence 2 has an effect", has_effect), ("the others have", 1.0)
            yield _close(model.arrays(model.inputs(*size), told, way), *numbers)


def _is_out_of_reach(model: Model, size: Size, way: Told | None, effects: Array, step: int) -> bool:
    """Whether layers explain why a step has no effect, and no slice does, which drops the same in every sequence.

    A convolution reaches so far and no further: in a longer sequence more steps have no effect. Strides leave over
    what does not fill the last one: in sequences a little longer, the step has an effect.
    """
    has_window = any(re.search("Conv|Pool|Unfold", type(layer).__name__) for layer in layers_of(model.thing))
    if model.fixed:
        return has_window
    dropped = int((_from(effects, step) > 1e-6).argmax())
    for more in (1, 2, 3, 6):
        longer = (size[0], size[1] + more)
        try:
            found = _effects(model, longer, None if way is None else _counts(model, longer), way)
        except CallFailed:
            return has_window
        now = int((_from(found, step) > 1e-6).argmax())
        if now == 0 or (more == 6 and now > dropped):
            return True
    return False


def _from(effects: Array, step: int) -> Array:
    """The effects counted from the end at which a step stands."""
    return effects if step == 0 else effects[::-1]


def _effects(model: Model, size: Size, counts: Array | None, way: Told | None) -> Array:
    """The largest effect of each step of the second sequence on its output, over several batches."""
    length = size[1] if counts is None else int(counts[1].sum())
    found = np.zeros(length)
    for seed in range(3):
        inputs, other = model.inputs(*size, seed=seed), model.inputs(*size, seed=seed + 10)
        base = model.outputs(inputs, counts, way)
        for step in range(length):
            changed = inputs.copy()
            changed[1, step] = other[1, step]
            outputs = model.outputs(changed, counts, way)
            effect = max((float(np.abs(outputs[name][1] - base[name][1]).max()) for name in base), default=0.0)
            found[step] = max(found[step], effect)
    return found


def _no_directions(model: Model) -> str | None:
    return None if directions(model.thing) else "it has no recurrent layer that the doctor knows"


def _both(model: Model, size: Size) -> Iterator[Comparison]:
    """Every direction has an effect."""
    inputs = model.inputs(*size)
    base = model.outputs(inputs)
    for direction in directions(model.thing):
        with nudged(direction):
            changed = model.outputs(inputs)
        effect = max(float(np.abs(changed[name] - base[name]).max()) for name in base)
        numbers = (f"changing {direction.name} changes the output", float(effect > 1e-7)), ("it should be", 1.0)
        yield _close(model.arrays(inputs), *numbers)


def _only(bug: str) -> Any:
    return lambda *_: bug


MODEL_LAWS = (
    *STEADY_LAWS_OF_MODELS,
    Law("there is one row of output for each sequence", never, _rows, _rows_bug, _sizes, _SMALLER),
    Law("a sequence gets the same output alone and in a padded batch", _untold, _alone, _culprit, _sizes, _SMALLER),
    Law("a mask means what its name says", _no_name, _as_named, _only("mask-inverted"), _sizes, ((1, 2),)),
    Law("sequences of a batch do not influence each other", never, _mates, _only("batch-mates"), _sizes, _SMALLER),
    Law("the first and the last step reach the output", never, _steps, _only("lost-row"), _sizes, _SMALLER),
    Law("both directions reach the output", _no_directions, _both, _only("backward-dropped"), _sizes, _SMALLER),
)
