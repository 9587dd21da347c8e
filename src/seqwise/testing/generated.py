"""Random calls of the losses, as many as are asked for: what a table of cases written by hand does not think of."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from seqwise.testing.written_cases import Case, nested, one_hot

__all__ = ["generated_cases"]

_SHAPES = ("sequence", "steps", "outputs", "outputs per step")


def generated_cases(loss: str, count: int, *, seed: int = 0) -> Iterator[tuple[Case, str]]:
    """Random calls of one loss, each with a reduction; the same ones for the same seed.

    Shapes, label values, the spelling of the labels (class indices, one-hot, soft), options and reductions are drawn
    anew for each call; many have sequences in which nothing counts.

    Args:
        loss: cross_entropy, focal_loss, ordinal_loss or binary_cross_entropy.
        count: how many.
        seed: where the random numbers start.
    """
    for number in range(count):
        rng, name = random.Random(f"{loss} {seed} {number}"), f"{loss} of seed {seed}, number {number}"
        yield _binary_call(name, rng) if loss == "binary_cross_entropy" else _class_call(loss, name, rng)


def _class_call(loss: str, name: str, rng: random.Random) -> tuple[Case, str]:
    sizes, classes = _sizes(rng), rng.randint(1, 5)
    spread = rng.choice([1.0, 5.0, 30.0])
    logits = nested((*sizes, classes), lambda: rng.uniform(-spread, spread))
    options = _selection(sizes, rng)
    values = rng.sample(range(-9, 60), classes) if rng.random() < 0.3 else None
    names = list(range(classes)) if values is None else values
    labels = nested(sizes, lambda: rng.choice(names))
    if rng.random() < 0.3:
        ignored = rng.choice([-100, *names])
        labels = nested(sizes, lambda: rng.choice([*names, ignored]))
        options["ignore_index"] = ignored
    if values is not None:
        options["label_values"] = tuple(values)
    if rng.random() < 0.4:
        per_output = len(sizes) > 1 and rng.random() < 0.5
        shape = (sizes[-1], classes) if per_output else (classes,)
        options["class_weight"] = nested(shape, lambda: rng.choice([0.0, 0.5, 1.0, 3.0]))
    if loss == "focal_loss" and rng.random() < 0.8:
        options["gamma"] = rng.choice([0.0, 0.5, 1.0, 2.0, 5.0])
    spelling = rng.choice(["index", "index", "one-hot", "soft"])
    if spelling == "one-hot":
        labels = one_hot(labels, classes, values)
    elif spelling == "soft":
        labels = nested(sizes, lambda: _shares(classes, rng))
        options.pop("ignore_index", None)
    return Case(name, logits, labels, options), _reduction(sizes, rng)


def _binary_call(name: str, rng: random.Random) -> tuple[Case, str]:
    sizes = (rng.randint(1, 4), rng.randint(1, 5), rng.randint(1, 4))[rng.randint(0, 1) :]
    spread = rng.choice([1.0, 5.0, 30.0])
    logits = nested(sizes, lambda: rng.uniform(-spread, spread))
    options = _selection(sizes, rng)
    soft = rng.random() < 0.3
    labels = nested(sizes, rng.random if soft else lambda: rng.randint(0, 1))
    if not soft and rng.random() < 0.3:
        labels = nested(sizes, lambda: rng.choice([0, 1, -1]))
        options["ignore_index"] = -1
    if rng.random() < 0.4:
        options["pos_weight"] = nested(sizes[-1:], lambda: rng.uniform(0.1, 5))
    return Case(name, logits, labels, options), _reduction(sizes, rng)


def _sizes(rng: random.Random) -> tuple[int, ...]:
    """The shape of the positions."""
    batch, time, outputs = rng.randint(1, 4), rng.randint(1, 6), rng.randint(1, 4)
    return {
        "sequence": (batch,),
        "steps": (batch, time),
        "outputs": (batch, outputs),
        "outputs per step": (batch, time, outputs),
    }[rng.choice(_SHAPES)]


def _selection(sizes: tuple[int, ...], rng: random.Random) -> dict[str, Any]:
    """The options that every loss has: what counts, and for how much."""
    options: dict[str, Any] = {}
    if rng.random() < 0.4:
        options["mask"] = nested(_first_axes(sizes, rng), lambda: rng.random() < 0.7)
    if len(sizes) > 1 and rng.random() < 0.4:
        options["lengths"] = nested(sizes[:1], lambda: rng.randint(0, sizes[1]))
    if rng.random() < 0.4:
        options["sample_weight"] = nested(_first_axes(sizes, rng), lambda: rng.choice([0.0, 0.5, 2.0]))
    if rng.random() < 0.4:
        options["label_smoothing"] = rng.choice([0.05, 0.3, 1.0])
    return options


def _first_axes(sizes: tuple[int, ...], rng: random.Random) -> tuple[int, ...]:
    """The shape of the positions, or its first axes, with an axis of size 1 here and there."""
    kept = sizes[: rng.randint(1, len(sizes))]
    return tuple(1 if rng.random() < 0.2 else size for size in kept)


def _shares(classes: int, rng: random.Random) -> list[float]:
    """Numbers of at least 0 with sum 1, some of them 0."""
    parts = [rng.choice([0.0, 1.0]) * rng.random() for _ in range(classes)]
    parts = parts if sum(parts) else [1.0] * classes
    return [part / sum(parts) for part in parts]


def _reduction(sizes: tuple[int, ...], rng: random.Random) -> str:
    reductions = ["none", "sum", "mean", "mean", "sequence_mean", "batch_mean"]
    return rng.choice([*reductions, "per_output"] if len(sizes) > 1 else reductions)
