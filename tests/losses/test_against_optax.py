"""Equal to optax in everything that optax has and defines as we do: values and gradients, in float64.

What it answers otherwise stands in docs/differences.md: the mean of nothing, labels out of range, NaN in padding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
import pytest

from seqwise.losses.jax import binary_cross_entropy, cross_entropy, focal_loss

jax.config.update("jax_enable_x64", True)

SHAPES = [(6, 4), (3, 5, 4), (3, 4, 4), (2, 3, 5, 2)]
SMOOTHING = [0.0, 0.1, 1.0]


def drawn(shape: tuple[int, ...], seed: int = 0) -> tuple[Any, Any, Any]:
    """Logits, labels and a mask in which something counts."""
    rng = np.random.default_rng(seed)
    mask = rng.random(shape[:-1]) < 0.6
    mask.flat[0] = True
    logits = rng.normal(scale=4, size=shape)
    return jax.numpy.array(logits), jax.numpy.array(rng.integers(0, shape[-1], shape[:-1])), jax.numpy.array(mask)


def agree(ours: Callable[[Any], Any], theirs: Callable[[Any], Any], logits: Any) -> None:
    """Two losses with one value and one gradient; of several values, with the gradient of their weighted sum."""
    np.testing.assert_allclose(ours(logits), theirs(logits), rtol=1e-12, atol=1e-12)
    upstream = np.linspace(0.5, 1.5, np.size(ours(logits))).reshape(np.shape(ours(logits)))
    slopes = [jax.jit(jax.grad(lambda at, loss=loss: (loss(at) * upstream).sum()))(logits) for loss in (ours, theirs)]
    np.testing.assert_allclose(*slopes, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_class_indices(shape: tuple[int, ...]) -> None:
    logits, labels, _ = drawn(shape)
    agree(
        lambda at: cross_entropy(at, labels, reduction="none"),
        lambda at: optax.losses.softmax_cross_entropy_with_integer_labels(at, labels),
        logits,
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mask_in_the_mean(shape: tuple[int, ...]) -> None:
    logits, labels, mask = drawn(shape, 1)
    agree(
        lambda at: cross_entropy(at, labels, mask=mask),
        lambda at: optax.losses.softmax_cross_entropy_with_integer_labels(at, labels).mean(where=mask),
        logits,
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_classes_on_any_axis(axis: int) -> None:
    logits, labels, _ = drawn((3, 5, 4), 2)
    moved = jax.numpy.moveaxis(logits, -1, axis)
    agree(
        lambda at: cross_entropy(at, labels, class_axis=axis, reduction="none"),
        lambda at: optax.losses.softmax_cross_entropy_with_integer_labels(at, labels, axis=axis),
        moved,
    )


@pytest.mark.parametrize("smoothing", SMOOTHING)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_hot_and_smoothed_labels(shape: tuple[int, ...], smoothing: float) -> None:
    logits, labels, _ = drawn(shape, 3)
    one_hot = jax.nn.one_hot(labels, shape[-1], dtype="float64")
    agree(
        lambda at: cross_entropy(at, one_hot, label_smoothing=smoothing, reduction="none"),
        lambda at: optax.losses.softmax_cross_entropy(at, optax.losses.smooth_labels(one_hot, smoothing)),
        logits,
    )


def test_soft_labels() -> None:
    logits, _, _ = drawn((4, 5, 3), 4)
    shares = jax.nn.softmax(drawn((4, 5, 3), 5)[0])
    agree(
        lambda at: cross_entropy(at, shares, reduction="none"),
        lambda at: optax.losses.softmax_cross_entropy(at, shares),
        logits,
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_yes_or_no_labels(shape: tuple[int, ...]) -> None:
    logits, _, _ = drawn(shape, 6)
    labels = jax.numpy.array(np.random.default_rng(7).integers(0, 2, shape))
    agree(
        lambda at: binary_cross_entropy(at, labels, reduction="none"),
        lambda at: optax.losses.sigmoid_binary_cross_entropy(at, labels),
        logits,
    )


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_focal_loss_of_two_classes_is_that_of_a_sigmoid(gamma: float) -> None:
    """A sigmoid is the softmax of two logits of which the first is 0."""
    rng = np.random.default_rng(8)
    logits, labels = jax.numpy.array(rng.normal(scale=3, size=(20,))), jax.numpy.array(rng.integers(0, 2, 20))

    def ours(at: Any) -> Any:
        two = jax.numpy.stack([jax.numpy.zeros_like(at), at], -1)
        return focal_loss(two, labels, gamma=gamma, reduction="none")

    agree(ours, lambda at: optax.losses.sigmoid_focal_loss(at, labels.astype("float64"), gamma=gamma), logits)
