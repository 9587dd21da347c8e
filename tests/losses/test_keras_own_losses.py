"""Equal to Keras's own losses in everything that Keras has and defines as we do, under the backend of the process.

What Keras answers otherwise stands in docs/differences.md: averages over padding, NaN under a mask, float labels.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from loss_cases import as_list, slope_in_keras

from seqwise.losses.keras import binary_cross_entropy, cross_entropy, focal_loss

SHAPES = [(6, 4), (3, 5, 4), (3, 4, 4)]
REDUCTIONS = {"none": "none", "sum": "sum", "sum_over_batch_size": "mean", "mean_with_sample_weight": "mean"}
KIND = {"dtype": "float64"}
MEAN = 2e-7
"""How exact a mean of Keras is: whatever the dtype, it divides in float32."""


def tensor(values: Any) -> Any:
    return keras.ops.convert_to_tensor(np.asarray(values))


def drawn(shape: tuple[int, ...], seed: int = 0) -> tuple[Any, Any, Any]:
    """Logits, labels and sample weights."""
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(scale=3, size=shape), rng.integers(0, shape[-1], shape[:-1])
    return logits, labels, rng.choice([0.5, 1.0, 2.0], shape[:-1])


def agree(ours: Any, theirs: Any, logits: Any, *, exact: float = 1e-12) -> None:
    """One value and one gradient, that of the sum."""
    at = tensor(logits)
    np.testing.assert_allclose(as_list(ours(at)), as_list(theirs(at)), rtol=exact, atol=1e-12)
    slopes = [as_list(slope_in_keras(lambda z, f=f: keras.ops.sum(f(z)), tensor(logits))) for f in (ours, theirs)]
    np.testing.assert_allclose(*slopes, rtol=exact, atol=1e-12)


@pytest.mark.parametrize(("theirs", "ours"), REDUCTIONS.items())
@pytest.mark.parametrize("shape", SHAPES)
def test_class_indices(shape: tuple[int, ...], theirs: str, ours: str) -> None:
    logits, labels, _ = drawn(shape)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=theirs, **KIND)
    agree(
        lambda z: cross_entropy(z, tensor(labels), reduction=ours),
        lambda z: loss(tensor(labels), z),
        logits,
        exact=MEAN if ours == "mean" else 1e-12,
    )


@pytest.mark.parametrize(("theirs", "ours"), [("none", "none"), ("sum", "sum"), ("mean_with_sample_weight", "mean")])
def test_sample_weights(theirs: str, ours: str) -> None:
    logits, labels, weights = drawn((3, 5, 4), 1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=theirs, **KIND)
    agree(
        lambda z: cross_entropy(z, tensor(labels), sample_weight=tensor(weights), reduction=ours),
        lambda z: loss(tensor(labels), z, sample_weight=tensor(weights)),
        logits,
        exact=MEAN if ours == "mean" else 1e-12,
    )


@pytest.mark.parametrize("ignored", [0, 3, -1])
def test_ignored_labels_in_the_sum(ignored: int) -> None:
    logits, labels, _ = drawn((4, 6, 5), 2)
    labels.flat[::5] = ignored
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=ignored, reduction="sum", **KIND)
    agree(
        lambda z: cross_entropy(z, tensor(labels), ignore_index=ignored, reduction="sum"),
        lambda z: loss(tensor(labels), z),
        logits,
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("shape", SHAPES)
def test_one_hot_and_smoothed_labels(shape: tuple[int, ...], smoothing: float) -> None:
    logits, labels, _ = drawn(shape, 3)
    one_hot = np.eye(shape[-1])[labels]
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, **KIND)
    agree(
        lambda z: cross_entropy(z, tensor(one_hot), label_smoothing=smoothing),
        lambda z: loss(tensor(one_hot), z),
        logits,
        exact=MEAN,
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_yes_or_no_labels(smoothing: float) -> None:
    logits, _, _ = drawn((5, 7), 4)
    labels = np.random.default_rng(5).integers(0, 2, logits.shape).astype(float)
    loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing, **KIND)
    agree(
        lambda z: binary_cross_entropy(z, tensor(labels), label_smoothing=smoothing),
        lambda z: loss(tensor(labels), z),
        logits,
        exact=MEAN,
    )


def test_focal_loss_of_probabilities_that_keras_does_not_clip() -> None:
    logits, labels, _ = drawn((6, 4), 6)
    loss = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=2.0, from_logits=True, **KIND)
    one_hot = np.eye(4)[labels]
    agree(lambda z: focal_loss(z, tensor(one_hot)), lambda z: loss(tensor(one_hot), z), logits / 3, exact=MEAN)


def test_probabilities() -> None:
    logits, labels, _ = drawn((6, 4), 7)
    probabilities = np.exp(logits / 3) / np.exp(logits / 3).sum(-1, keepdims=True)
    loss = keras.losses.SparseCategoricalCrossentropy(**KIND)
    found = cross_entropy(tensor(probabilities), tensor(labels), from_logits=False)
    np.testing.assert_allclose(as_list(found), as_list(loss(tensor(labels), tensor(probabilities))), rtol=MEAN)
