"""The CRF under each backend of Keras: values, gradients, and traces that know no size."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from crf_cases import CASES, LEARNED, Case, arrays, call, decode, expected_less_counted, gradients, marginals, nll
from keras_models import numbers
from loss_cases import KERAS
from loss_cases import NUMPY as REFERENCE

import seqwise.losses.numpy as reference
from seqwise.errors import ConfigError, ShapeError, ValuesError
from seqwise.losses.keras import LossSum, crf_decode, crf_marginals, crf_nll, loss_sum
from seqwise.testing import crf_oracle

BACKEND = keras.backend.backend()
NAMES = (
    "transitions alone",
    "start and end",
    "mask and lengths",
    "an empty row under a mask",
    "scores in whole numbers, many of them equal",
    "IOB with holes",
)
SOME = [case for case in CASES if case.name in NAMES]  # of one size, since a trace takes long

some_cases = pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
traces = pytest.mark.skipif(BACKEND == "torch", reason="Keras under torch computes without a trace")


def traced(function: Callable[..., Any], tensors: dict[str, Any]) -> Any:
    """The function of named tensors, run in a trace; under TensorFlow one that knows the size of no axis."""
    if BACKEND == "tensorflow":
        tf: Any = sys.modules["tensorflow"]
        specs = {name: tf.TensorSpec([None] * len(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}
        return tf.function(lambda given: function(**given), input_signature=[specs])(tensors)
    jax: Any = sys.modules["jax"]
    return jax.jit(lambda given: function(**given))(tensors)


@some_cases
def test_the_loss_equals_the_oracle(case: Case) -> None:
    np.testing.assert_allclose(nll(KERAS, case, reduction="none"), case.losses, rtol=1e-12, atol=1e-12)
    wanted = crf_oracle.reduced(case.losses, case.steps, "mean")
    assert nll(KERAS, case) == pytest.approx(wanted, rel=1e-12)


@some_cases
def test_decoding_and_marginals_equal_the_reference(case: Case) -> None:
    given = {"emissions": case.emissions, "transitions": case.transitions, **case.options}
    wanted, found = call(REFERENCE, "crf_decode", **given), decode(KERAS, case)
    assert found.tags == wanted.tags
    np.testing.assert_allclose(found.scores, wanted.scores, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(marginals(KERAS, case), call(REFERENCE, "crf_marginals", **given), atol=1e-12)


@some_cases
def test_the_gradient_is_what_is_expected_less_what_the_tags_have(case: Case) -> None:
    found, wanted = gradients(KERAS, case, reduction="sum"), expected_less_counted(case)
    for name in LEARNED:
        np.testing.assert_allclose(found[name], wanted[name], atol=1e-10, err_msg=name)


@traces
@some_cases
def test_a_trace_gives_the_same(case: Case) -> None:
    given = {"emissions": case.emissions, "tags": case.tags, "transitions": case.transitions, **case.options}
    tensors = arrays(KERAS, given)
    allowed = tensors.pop("allowed", None)

    def everything(**given: Any) -> Any:
        loss = crf_nll(**given, allowed=allowed)
        tags = given.pop("tags")
        return loss, crf_decode(**given, allowed=allowed), crf_marginals(**given, allowed=allowed), tags

    loss, decoded, probabilities, _ = traced(everything, tensors)
    assert float(loss) == pytest.approx(nll(KERAS, case), rel=1e-12)
    assert numbers(decoded.tags).tolist() == decode(KERAS, case).tags
    np.testing.assert_allclose(numbers(probabilities), marginals(KERAS, case), atol=1e-12)


@traces
def test_one_trace_serves_sequences_of_all_lengths_and_has_their_gradient() -> None:
    rng = np.random.default_rng(0)
    transitions, sizes = rng.normal(size=(3, 3)), [(2, 1), (3, 6)]
    for batch, time in sizes:
        emissions, tags = rng.normal(size=(batch, time, 3)), rng.integers(0, 3, (batch, time))
        given = {"emissions": emissions, "tags": tags, "transitions": transitions}
        found = traced(crf_nll, arrays(KERAS, {name: array.tolist() for name, array in given.items()}))
        assert float(found) == pytest.approx(float(reference.crf_nll(**given)), rel=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_low_precision_is_computed_in_float32(dtype: str) -> None:
    case = SOME[0]
    emissions = keras.ops.cast(np.array(case.emissions), dtype)
    found = crf_nll(emissions, case.tags, case.transitions)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    wanted = reference.crf_nll(numbers(emissions), case.tags, case.transitions)
    assert float(found) == pytest.approx(float(wanted), rel=1e-6)


def test_loss_sum_adds_up() -> None:
    case = next(case for case in SOME if case.name == "mask and lengths")
    given = arrays(KERAS, {"emissions": case.emissions, "tags": case.tags, "transitions": case.transitions})
    options = arrays(KERAS, case.options)
    total = loss_sum(crf_nll, *given.values(), **options)
    assert isinstance(total, LossSum)
    assert float((total + total).mean()) == pytest.approx(nll(KERAS, case), rel=1e-12)


ERRORS = [
    (ShapeError, {"tags": [[0, 1]]}, "crf_nll: tags do not fit the emissions"),
    (ValuesError, {"tags": [[0, 1, 7]]}, r"crf_nll: tags\[0, 2\] is 7"),
    (ValuesError, {"tags": [[0, 1, 2]], "allowed": [[False] * 3] * 3}, r"tags\[0, 1\] is 1 after 0, which is not"),
    (ConfigError, {"tags": [[0, 1, 2]], "length": [3]}, "there is no option 'length'"),
]


@pytest.mark.parametrize(("kind", "given", "words"), ERRORS)
def test_errors_say_the_same_as_elsewhere(kind: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(kind, match=words):
        call(KERAS, "crf_nll", emissions=[[[0.0] * 3] * 3], transitions=[[0.0] * 3] * 3, **given)
