"""Complete, runnable code for a reading: one template of lines for all frameworks, filled in by their dialects."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from seqwise.advice.choices import Choices
from seqwise.advice.dialects import DIALECTS, Dialect
from seqwise.advice.pooling_code import pooling_lines
from seqwise.advice.reading import Reading, Shape, head_size_text
from seqwise.shapes import shape_text

__all__ = ["loss_call", "maps_by_hand", "snippet"]

_STEPS, _FEATURES = 20, 128
"""Example sizes of the encoder's states in code, where they are unknown."""

_MOST_VALUES_IN_A_CALL, _MOST_VALUES = 12, 40
"""Maximum number of values written out."""

_WIDTH = 90
"""Width of a line of values."""


def loss_call(reading: Reading, choices: Choices, *, literal: bool = False) -> str:
    """Return the call of the loss as code; with `literal`, a few label values are written out in it."""
    options = ["lengths=lengths"] if reading.lengths == "loss" else []
    masks = ["mask"] if reading.mask == "loss" else []
    if choices.is_crf:
        if reading.missing is not None:  # crf_nll has no ignore_index
            masks.append(f"(tags != {reading.missing})" if masks else f"tags != {reading.missing}")
        options += [f"mask={' & '.join(masks)}"] if masks else []
        return f"crf_nll({', '.join(['emissions', 'tags', 'transitions', *options])})"
    options += ["mask=mask"] if masks else []
    if reading.missing is not None:
        options.append(f"ignore_index={reading.missing}")
    if reading.values is not None and not maps_by_hand(reading, choices):
        written = literal and len(reading.values) <= _MOST_VALUES_IN_A_CALL
        options.append(f"label_values={reading.values if written else 'values'}")
    if not choices.from_logits:
        options.append("from_logits=False")
    scores = "logits" if choices.from_logits else "probabilities"
    return f"{choices.loss}({', '.join([scores, 'labels', *options])})"


def maps_by_hand(reading: Reading, choices: Choices) -> bool:
    """Whether a dictionary has to map the values: label_values takes integers, and a CRF takes class indices."""
    return reading.values is not None and (choices.is_crf or any(isinstance(value, str) for value in reading.values))


def snippet(reading: Reading, choices: Choices, framework: str) -> str:
    """Return the code for one framework: data of the right shapes, the model after the encoder, loss, prediction."""
    dialect, states = DIALECTS[framework], _states(reading)
    parts = [
        _imports(reading, choices, framework, dialect),
        _data(reading, choices, framework, dialect, states),
        _model(reading, choices, framework, dialect, states),
        [
            f"loss = {loss_call(reading, choices)}",
            *dialect.backward.split(),
            *_predicted(reading, choices, dialect),
        ],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _states(reading: Reading) -> Shape:
    """Return the shape of the encoder's states: the known sizes, and example sizes for the rest."""
    if reading.states is not None:
        return reading.states
    steps = reading.positions[1] if reading.problem.per_step else _STEPS
    return (reading.positions[0], reading.mask_shape[1] if reading.mask == "pooling" else steps, _FEATURES)


def _imports(reading: Reading, choices: Choices, framework: str, dialect: Dialect) -> list[str]:
    names = "crf_decode, crf_nll" if choices.is_crf else choices.loss
    lines = [*dialect.imports.split("\n"), f"from seqwise.losses.{framework} import {names}"]
    if framework == "torch" and maps_by_hand(reading, choices):
        lines.insert(0, "import numpy as np")
    if framework == "jax" and not choices.from_logits:
        lines.insert(0, "import jax")
    if framework == "torch" and reading.is_pooled:
        lines.append(f"from seqwise.nn import {choices.pooling.title()}Pooling")
    return lines


# Data.


def _data(reading: Reading, choices: Choices, framework: str, dialect: Dialect, states: Shape) -> list[str]:
    """Return lines that make random data of the right shapes and kinds."""
    lines = ["# random numbers instead of your data"]
    if framework != "torch":
        lines.append("rng = np.random.default_rng(0)")
    axes = "batch, time, features" if len(states) == 3 else "batch, features"
    lines.append(f"states = {dialect.states.format(shape=shape_text(states))}  # from the encoder: {axes}")
    if reading.lengths is not None or _pools_by_lengths(reading):
        some = dialect.integers.format(high=states[1], shape=shape_text(states[:1]))
        lines.append(f"lengths = 1 + {some}  # the number of steps that count")
    lines += _labels(reading, choices, dialect)
    if reading.mask is not None:
        what = "label" if reading.mask == "loss" else "step"
        some = dialect.uniform.format(shape=shape_text(reading.mask_shape))
        lines.append(f"mask = {some} < 0.9  # False: this {what} does not count")
    return lines


def _labels(reading: Reading, choices: Choices, dialect: Dialect) -> list[str]:
    """Return lines with the values of the classes, and random labels."""
    name = "tags" if choices.is_crf else "labels"
    shape = shape_text(reading.positions)
    index, lines = dialect.integers.format(high=reading.classes, shape=shape), []
    labels = dialect.one_hot.format(index=index, classes=reading.classes) if reading.one_hot else index
    if reading.class_counts is not None:
        lines += _tuple("class_counts", reading.class_counts, "of each output")
        labels = dialect.integers_below.format(high="class_counts", shape=shape)
    if reading.values is not None:
        lines += _tuple("values", reading.values, "the label of each class")
        labels = dialect.array.format(values="values") + f"[{index}]"
    if maps_by_hand(reading, choices):
        lines.append("class_of = {value: index for index, value in enumerate(values)}")
        labels = f"{index}  # class_of[label] for each of yours"
    lines.append(f"{name} = {labels}")
    if reading.missing is not None:
        some = dialect.uniform.format(shape=shape)
        lines.append(f"{name}[{some} < 0.1] = {reading.missing}  # does not count")
    return lines


def _tuple(name: str, values: Sequence[object], comment: str) -> list[str]:
    """Return a tuple as code: on one line if it fits, and numbered names in place of very many values."""
    if len(values) > _MOST_VALUES:
        return [f'{name} = tuple(f"label {{number}}" for number in range({len(values)}))  # {comment}: name yours']
    written = ", ".join(json.dumps(value, ensure_ascii=False) for value in values)
    if len(written) < _WIDTH:
        return [f"{name} = ({written})  # {comment}"]
    return [f"{name} = (  # {comment}", *(f"    {line}" for line in textwrap.wrap(written, _WIDTH)), ")"]


def _pools_by_lengths(reading: Reading) -> bool:
    """Whether a pooling reads lengths: also if none were given, since batches are usually padded."""
    return reading.is_pooled and reading.mask != "pooling"


# From states to logits.


def _model(reading: Reading, choices: Choices, framework: str, dialect: Dialect, states: Shape) -> list[str]:
    lines, vectors, features = ["# from states to logits"], "states", states[-1]
    if reading.is_pooled:
        lines += _pooling(reading, choices, framework, dialect, states)
        vectors = "pooled"
    outputs = head_size_text(reading.problem, reading.positions, reading.classes)
    lines += dialect.head.format(inputs=features, outputs=outputs).split("\n")
    lines.append(_logits(reading, choices, dialect, dialect.applied.format(vectors=vectors)))
    if reading.class_counts is not None:
        counts = dialect.array.format(values="class_counts")
        lines.append(f"has_class = {dialect.arange}({reading.classes}) < {counts}[:, None]  # the others are excluded")
        lines.append(f"logits = {dialect.xp}.where(has_class, logits, -{dialect.infinity})")
    if choices.is_crf:
        lines.append(f"{dialect.zeros.format(shape=(reading.classes, reading.classes))}  # [from, to], trained too")
    if not choices.from_logits:
        lines += (dialect.softmax if reading.problem.chooses else dialect.sigmoid).split("\n")
    return lines


def _logits(reading: Reading, choices: Choices, dialect: Dialect, applied: str) -> str:
    name = "emissions" if choices.is_crf else "logits"
    shape = shape_text(reading.logits_shape)
    if reading.problem.chooses and reading.problem.inner:
        split = dialect.reshaped.format(array=applied, shape=shape_text((-1, *reading.logits_shape[1:])))
        return f"{name} = {split}  # {shape}: the classes are last"
    if not reading.problem.chooses and not reading.problem.inner:
        applied = f"({applied})[..., 0]" if " " in applied else f"{applied}[..., 0]"
    return f"{name} = {applied}  # {shape}"


def _pooling(reading: Reading, choices: Choices, framework: str, dialect: Dialect, states: Shape) -> list[str]:
    """Return lines that pool states into a vector per sequence: by seqwise.nn in torch, written out elsewhere."""
    by_lengths, backwards = _pools_by_lengths(reading), choices.bidirectional and choices.pooling == "last"
    if framework == "torch":
        size = f"{states[-1]}, bidirectional=True" if backwards else f"{states[-1]}"
        steps = "lengths=lengths" if by_lengths else "mask=mask"
        return [
            f"pooling = {choices.pooling.title()}Pooling({size})",
            f"pooled = pooling(states, {steps})  # {shape_text((states[0], states[-1]))}",
        ]
    counts = f"np.arange({states[1]}) < lengths[:, None]" if by_lengths else "mask"
    lines = pooling_lines("last of both" if backwards else choices.pooling, dialect, states[-1])
    return [f"counts = {counts}  # the steps that count", *lines]


# The prediction.


def _predicted(reading: Reading, choices: Choices, dialect: Dialect) -> list[str]:
    """Return the prediction for every label, in the user's own values."""
    if not reading.problem.chooses:
        return ["predicted = logits > 0  # True: yes"]
    best, note = dialect.best, "class indices"
    if choices.is_crf:
        options = [f"{name}={name}" for name in ("lengths", "mask") if getattr(reading, name) is not None]
        options += ["fill=0"] if reading.values is not None and options else []
        best = f"crf_decode({', '.join(['emissions', 'transitions', *options])}).tags"
    if reading.values is None:
        return [f"predicted = {best}  # {note}"]
    looked_up = dialect.named if maps_by_hand(reading, choices) else dialect.looked_up
    return [f"best = {best}  # {note}", f"predicted = {looked_up.format(index='best')}  # your own label values"]
