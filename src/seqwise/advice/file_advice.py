"""Advice for each target in a file of labelled sequences, by the detection that training uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from seqwise.advice.advice import advice_of
from seqwise.advice.advice_text import Advice
from seqwise.advice.array_statistics import ArrayStatistics, Value
from seqwise.advice.choices import Wish
from seqwise.advice.given_arrays import Array
from seqwise.advice.problems import PROBLEMS
from seqwise.advice.reading import Reading
from seqwise.config import parse_config
from seqwise.data.labels import LabelCodec
from seqwise.data.store import Store
from seqwise.errors import ConfigError, listed
from seqwise.targets import Label, Target, label_text
from seqwise.task.prepare import prepare

__all__ = ["advise_files"]

_BATCH, _MOST_STEPS = 8, 20
"""Batch size in examples."""

_MOST_OUTPUTS, _MOST_CLASSES = 4, 6
"""Maximum number of outputs shown whose classes differ."""

_ROWS_AT_ONCE = 256


def advise_files(
    settings: dict[str, Any],
    *,
    loss: str | None = None,
    pooling: str = "last",
    bidirectional: bool = False,
    framework: str | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> dict[str, Advice]:
    """Advise a loss, a head and shapes for each target of files of labelled sequences, by its name.

    Args:
        settings: the config of a training on these files, such as `{"data": {"train": ["reviews.csv"]}}`; the rest is
            detected, as in training.
        loss: a loss in place of the usual ones.
        pooling: last, mean, max or attention.
        bidirectional: whether states have a direction that reads backwards.
        framework: torch, keras, jax or numpy, for code of that one only.
        say: called with each message on what was detected in the files.

    Raises:
        DataError: files that cannot be read, or in which no target is found.
        ConfigError: an option that does not apply, or a loss that does not fit a target.
    """
    wish = Wish(None, loss, pooling, bidirectional, framework)
    task = prepare(parse_config({**settings, "data": {"cache": "never", **settings["data"]}}), say)
    notes = [
        f"The batch of {_BATCH} and the limit of {_MOST_STEPS} steps are examples.",
        "seqwise train, with the same files and flags, does all of this.",
    ]
    if len(task.targets) > 1:
        notes.insert(0, "Several targets can share one encoder: each has its own head, and their losses are added.")
    return {codec.target.name: _advice(codec, task.store, wish, notes) for codec in task.codecs}


def _advice(codec: LabelCodec, store: Store, wish: Wish, notes: list[str]) -> Advice:
    reading = _reading(codec, store)
    if wish.loss is not None and wish.loss not in reading.problem.losses:
        known = listed(reading.problem.losses)
        raise ConfigError(f"advise: {wish.loss} does not fit target '{codec.target.name}'\n  expected: one of {known}")
    kind = "text" if any(isinstance(value, str) for value in reading.values or ()) else "int"
    statistics = ArrayStatistics(Array(kind, reading.positions), values=reading.values)
    advice = advice_of([reading], statistics, wish, [*_classes_of_outputs(codec.target), *notes])
    # A missing label in a file is an empty cell; the flags about arrays do not apply.
    others = tuple(other for other in advice.alternatives if other.flag.startswith("--loss"))
    return replace(advice, alternatives=others)


def _classes_of_outputs(target: Target) -> list[str]:
    """Return notes on the classes of each output, where outputs differ in them."""
    if len(set(target.classes)) == 1:
        return []
    named = [
        f"{name} {', '.join(map(label_text, labels[:_MOST_CLASSES]))}{', ...' if len(labels) > _MOST_CLASSES else ''}"
        for name, labels in zip(target.outputs, target.classes, strict=True)
    ]
    more = f"; and {len(named) - _MOST_OUTPUTS} more outputs" if len(named) > _MOST_OUTPUTS else ""
    return [
        "Each output has its own classes, in this order: " + "; ".join(named[:_MOST_OUTPUTS]) + more + ". "
        "The class axis has the size of the largest output; -inf rules out the surplus classes of the others."
    ]


def _reading(codec: LabelCodec, store: Store) -> Reading:
    """Return the target of a file as a reading, with a batch of example size."""
    target = codec.target
    problem = PROBLEMS[target.kind + ("-per-step" if target.per_step and target.kind != "tags" else "")]
    steps = min(_MOST_STEPS, int(store.lengths.max()))
    inner = len(target.classes) if target.kind == "outputs" else target.class_count
    sizes = {"batch": _BATCH, "time": steps, "outputs": inner, "labels": inner}
    positions = tuple(sizes[axis] for axis in problem.label_axes)
    gaps = _has_gaps(codec, store)
    padded = int(store.lengths.min()) < int(store.lengths.max())
    counts = tuple(len(classes) for classes in target.classes)
    return Reading(
        problem,
        positions,
        target.class_count if problem.chooses else 2,
        values=_values(target) if problem.chooses else None,
        class_counts=counts if problem.chooses and len(set(counts)) > 1 else None,
        mask="loss" if gaps else None,
        mask_shape=positions if gaps else (),
        lengths=None if not padded else "loss" if problem.per_step else "pooling",
    )


def _values(target: Target) -> tuple[Value, ...] | None:
    """Return the values of the classes; None where outputs differ in theirs, or labels are class indices."""
    if len(set(target.classes)) > 1:
        return None
    values = tuple(_value(label) for label in target.classes[0])
    return None if values == tuple(range(len(values))) else values


def _value(label: Label) -> Value:
    return label if isinstance(label, int) and not isinstance(label, bool) else label_text(label)


def _has_gaps(codec: LabelCodec, store: Store) -> bool:
    """Whether some label is missing, padding excluded."""
    for start in range(0, len(store), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(store)))
        lengths = store.lengths[rows]
        present = codec.batch(store, rows, int(lengths.max()))[1]
        if codec.target.per_step:
            present = present[np.arange(present.shape[1]) < lengths[:, None]]
        if not present.all():
            return True
    return False
