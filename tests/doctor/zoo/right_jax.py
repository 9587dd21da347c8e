"""Right losses for JAX: optax's own, and one as people write it well."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

softmax_cross_entropy = optax.softmax_cross_entropy
softmax_cross_entropy_with_integer_labels = optax.softmax_cross_entropy_with_integer_labels
sigmoid_binary_cross_entropy = optax.sigmoid_binary_cross_entropy


@jax.jit
def selected(logits, labels, mask):
    logits = jnp.where(mask[..., None], logits, 0.0)
    costs = optax.softmax_cross_entropy_with_integer_labels(logits, jnp.where(mask, labels, 0))
    return jnp.where(mask, costs, 0.0).sum() / jnp.maximum(mask.sum(), 1)
