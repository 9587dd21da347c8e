"""What only JAX has: jit, vmap, half precision, and sums that go through a trace."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import seqwise.losses.numpy as reference
from seqwise.losses.jax import Decoded, LossSum, allowed_transitions, crf_decode, crf_marginals, crf_nll, loss_sum

RNG = np.random.default_rng(0)
EMISSIONS, TAGS, TRANSITIONS = RNG.normal(size=(4, 5, 3)), RNG.integers(0, 3, (4, 5)), RNG.normal(size=(3, 3))
MASK = np.array([[1, 0, 1, 1, 0], [0, 0, 1, 1, 1], [0] * 5, [1] * 5], dtype=bool)
IOB = allowed_transitions(["O", "B-x", "I-x"])


def test_everything_goes_through_one_jit_with_a_traced_mask() -> None:
    @jax.jit
    def everything(emissions: Any, mask: Any) -> tuple[Any, Decoded, Any, LossSum]:
        given = (emissions, TRANSITIONS)
        total = loss_sum(crf_nll, emissions, TAGS, TRANSITIONS, mask=mask)
        return (
            crf_nll(emissions, TAGS, TRANSITIONS, mask=mask, reduction="none"),
            crf_decode(*given, mask=mask, allowed=IOB),
            crf_marginals(*given, mask=mask, allowed=IOB),
            total,
        )

    losses, decoded, probabilities, total = everything(EMISSIONS, MASK)
    wanted = reference.crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK, reduction="none")
    np.testing.assert_allclose(losses, wanted, rtol=1e-12)
    path = reference.crf_decode(EMISSIONS, TRANSITIONS, mask=MASK, allowed=IOB)
    assert decoded.tags.tolist() == path.tags.tolist()
    np.testing.assert_allclose(decoded.scores, path.scores, rtol=1e-12)
    np.testing.assert_allclose(
        probabilities, reference.crf_marginals(EMISSIONS, TRANSITIONS, mask=MASK, allowed=IOB), atol=1e-12
    )
    assert float(total.mean()) == pytest.approx(wanted.sum() / MASK.sum(), rel=1e-12)


def test_vmap_over_examples_equals_the_batch() -> None:
    def one(emissions: Any, tags: Any, mask: Any) -> Any:
        return crf_nll(emissions[None], tags[None], TRANSITIONS, mask=mask[None], reduction="sum")

    found = jax.vmap(one)(EMISSIONS, TAGS, MASK)
    wanted = reference.crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK, reduction="none")
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
def test_low_precision_is_computed_in_float32(dtype: Any) -> None:
    emissions = jnp.array(EMISSIONS, dtype)
    found, gradient = jax.value_and_grad(lambda e: crf_nll(e, TAGS, TRANSITIONS))(emissions)
    assert (found.dtype, gradient.dtype) == (jnp.float32, dtype)
    wanted = reference.crf_nll(np.asarray(emissions, np.float64), TAGS, TRANSITIONS)
    assert float(found) == pytest.approx(float(wanted), rel=1e-6)


def test_many_float32_steps_are_summed_exactly_enough() -> None:
    zeros = jnp.zeros((2, 2000, 2), jnp.float32)
    found = crf_nll(zeros, jnp.zeros((2, 2000), int), jnp.zeros((2, 2), jnp.float32))
    assert float(found) == pytest.approx(math.log(2), rel=1e-6)


def test_calls_of_one_size_are_compiled_once() -> None:
    crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK)
    with jax.no_tracing():
        crf_nll(EMISSIONS + 1, TAGS, TRANSITIONS, mask=~MASK)


def test_without_x64_all_is_float32_and_int32() -> None:
    with jax.enable_x64(False):
        found = crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK, allowed=None)
        decoded = crf_decode(EMISSIONS, TRANSITIONS, mask=MASK, allowed=IOB)
        probabilities = crf_marginals(EMISSIONS, TRANSITIONS, mask=MASK)
    assert (found.dtype, probabilities.dtype, decoded.scores.dtype) == (jnp.float32,) * 3
    assert decoded.tags.dtype == jnp.int32
    assert float(found) == pytest.approx(float(reference.crf_nll(EMISSIONS, TAGS, TRANSITIONS, mask=MASK)), rel=1e-6)
    assert decoded.tags.tolist() == reference.crf_decode(EMISSIONS, TRANSITIONS, mask=MASK, allowed=IOB).tags.tolist()
