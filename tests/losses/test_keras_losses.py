"""What only Keras has: traces with unknown sizes, gradients and precision under each of its backends."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from keras_models import numbers
from loss_cases import BINARY_CASES, CLASS_CASES, CLASS_LOSSES, KERAS, REDUCTIONS, Case, flat, one_hot, probabilities

import oracle
import seqwise.losses.numpy as reference
from seqwise.errors import ConfigError, DtypeError, ShapeError, ValuesError
from seqwise.losses.keras import LossSum, binary_cross_entropy, cross_entropy, focal_loss, loss_sum, ordinal_loss

BACKEND = keras.backend.backend()
LOGITS = np.random.default_rng(0).normal(size=(3, 5, 4))
LABELS = np.random.default_rng(1).integers(0, 4, (3, 5))
MASK = np.random.default_rng(2).random((3, 5)) < 0.6
NAN = math.nan


def traced(function: Callable[..., Any], arrays: dict[str, Any]) -> Any:
    """The function of named tensors, run in a trace; under TensorFlow one that knows the size of no axis.

    Under torch there is none.
    """
    if BACKEND == "tensorflow":
        tf: Any = sys.modules["tensorflow"]
        specs = {name: tf.TensorSpec([None] * len(array.shape), array.dtype) for name, array in arrays.items()}
        return tf.function(lambda given: function(**given), input_signature=[specs])(arrays)
    if BACKEND == "jax":
        jax: Any = sys.modules["jax"]
        return jax.jit(lambda given: function(**given))(arrays)
    return function(**arrays)


def split(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options as tensors, and those that are no arrays."""
    given = KERAS.arrays(options)
    tensors = {name: value for name, value in given.items() if ops.is_tensor(value)}
    return tensors, {name: value for name, value in given.items() if name not in tensors}


def in_a_trace(loss: Any, **options: Any) -> Any:
    """The loss of nested lists as a list of numbers."""
    tensors, rest = split(options)
    return flat(numbers(traced(lambda **arrays: loss(**arrays, **rest), tensors)).tolist())


def agree(found: Any, wanted: Any) -> None:
    assert found == pytest.approx(flat(wanted), rel=1e-11, abs=1e-12)


EVERY = 3 if BACKEND == "jax" else 1  # JAX compiles each for a second, and has tests of its own
CALLS = [pytest.param(case, REDUCTIONS[number % 5], id=case.name) for number, case in enumerate(CLASS_CASES)]
BINARY_CALLS = [pytest.param(case, REDUCTIONS[number % 5], id=case.name) for number, case in enumerate(BINARY_CASES)]


@pytest.mark.parametrize(("case", "reduction"), CALLS[::EVERY])
def test_cross_entropy_in_a_trace_equals_the_oracle(case: Case, reduction: str) -> None:
    terms = oracle.class_terms(case.logits, case.labels, **case.options)
    found = in_a_trace(cross_entropy, logits=case.logits, labels=case.labels, reduction=reduction, **case.options)
    agree(found, oracle.reduced(terms, case.sizes, reduction))


@pytest.mark.parametrize(("case", "reduction"), BINARY_CALLS[::EVERY])
def test_binary_cross_entropy_in_a_trace_equals_the_oracle(case: Case, reduction: str) -> None:
    terms = oracle.binary_terms(case.logits, case.labels, **case.options)
    options = {**case.options, "reduction": reduction}
    found = in_a_trace(binary_cross_entropy, logits=case.logits, labels=case.labels, **options)
    agree(found, oracle.reduced(terms, oracle.shape(case.logits), reduction))


ONE_HOT = ["smoothing and class weights", "every option", "ignore_index out of range", "class weights per output"]


@pytest.mark.parametrize("name", ONE_HOT)
def test_one_hot_labels_in_a_trace_equal_the_oracle(name: str) -> None:
    case = case_named(name)
    labels = one_hot(case.labels, oracle.shape(case.logits)[-1], case.options.get("label_values"))
    terms = oracle.class_terms(case.logits, case.labels, **case.options)
    found = in_a_trace(cross_entropy, logits=case.logits, labels=labels, reduction="per_output", **case.options)
    agree(found, oracle.reduced(terms, case.sizes, "per_output"))


@pytest.mark.parametrize("loss", [focal_loss, ordinal_loss])
@pytest.mark.parametrize("name", ["every option", "smoothing and class weights", "probabilities"])
def test_the_other_losses_in_a_trace_equal_the_reference(loss: Any, name: str) -> None:
    case = case_named(name)
    wanted = getattr(reference, loss.__name__)(case.logits, case.labels, **case.options, reduction="none")
    found = in_a_trace(loss, logits=case.logits, labels=case.labels, **case.options, reduction="none")
    agree(found, wanted.tolist())


def case_named(name: str) -> Case:
    return next(case for case in CLASS_CASES if case.name == name)


@pytest.mark.parametrize("name", ["every option", "probabilities"])
@pytest.mark.parametrize("loss", [cross_entropy, focal_loss, ordinal_loss])
def test_float32_agrees_with_the_reference(loss: Any, name: str) -> None:
    case = case_named(name)
    logits = np.array(case.logits, np.float32)
    tensors, rest = split({"labels": case.labels, **case.options})
    found = traced(lambda **arrays: loss(**arrays, **rest), tensors | {"logits": ops.convert_to_tensor(logits)})
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    wanted = getattr(reference, loss.__name__)(logits.astype(np.float64), case.labels, **case.options)
    assert float(found) == pytest.approx(float(wanted), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_gives_a_float32_loss_of_labels_it_cannot_hold(dtype: str) -> None:
    logits = ops.cast(np.random.default_rng(0).normal(size=(2, 3000)), dtype)
    labels = np.array([2049, 257])  # 2048 in float16, 256 in bfloat16
    found = cross_entropy(logits, labels)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert float(found) == pytest.approx(float(reference.cross_entropy(numbers(logits), labels)), rel=1e-6)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_labels_may_be_any_integers(dtype: str) -> None:
    found = cross_entropy(LOGITS, LABELS.astype(dtype), ignore_index=-1)
    assert float(found) == pytest.approx(float(reference.cross_entropy(LOGITS, LABELS)), rel=1e-12)


def test_lists_and_numbers_are_taken_in_full_precision() -> None:
    options = {"class_weight": [0.1, 0.2, 0.3, 0.7], "lengths": [5, 1, 2], "denominator": 0.3}
    found = cross_entropy(LOGITS.tolist(), LABELS.tolist(), **options)
    assert float(found) == pytest.approx(float(reference.cross_entropy(LOGITS, LABELS, **options)), rel=1e-14)


@pytest.mark.parametrize("loss", list(CLASS_LOSSES))
@pytest.mark.parametrize(("from_logits", "labels"), [(True, "index"), (False, "one-hot")])
def test_the_gradient_is_exactly_0_where_nothing_counts(from_logits: bool, labels: str, loss: str) -> None:
    name, options = CLASS_LOSSES[loss]
    logits = LOGITS if from_logits else np.array(probabilities(LOGITS.tolist()))
    truth = LABELS.tolist() if labels == "index" else np.eye(4)[LABELS].tolist()
    options = {**options, "mask": MASK.tolist(), "from_logits": from_logits, "label_smoothing": 0.1}
    spoiled = np.where(MASK[..., None], logits, np.resize([NAN, math.inf, -math.inf], logits.shape)).tolist()
    found = np.array(KERAS.gradient(name, spoiled, truth, **options))
    assert (found[~MASK] == 0).all()
    np.testing.assert_array_equal(found, KERAS.gradient(name, logits.tolist(), truth, **options))
    assert (found[MASK] != 0).any(axis=-1).all()


@pytest.mark.parametrize("name", ["every option", "a class that cannot be", "logits far apart", "lengths"])
def test_the_gradient_is_softmax_minus_the_label(name: str) -> None:
    case = case_named(name)
    found = np.array(KERAS.gradient("cross_entropy", case.logits, case.labels, reduction="sum", **case.options))
    for position, gradient in oracle.class_gradient(case.logits, case.labels, **case.options).items():
        assert found[position].tolist() == pytest.approx(gradient, rel=1e-10, abs=1e-13)


def test_the_gradient_of_a_yes_or_no_is_the_probability_minus_the_label() -> None:
    logits, labels = [[0.0, 0.0, 2.0, -800.0, 800.0]], [[0, 1, 1, 1, 0]]
    found = KERAS.gradient("binary_cross_entropy", logits, labels, reduction="sum")
    assert flat(found) == pytest.approx([0.5, -0.5, 1 / (1 + math.exp(-2)) - 1, -1, 1], rel=1e-12)


def test_a_probability_below_the_floor_has_no_gradient() -> None:
    assert KERAS.gradient("cross_entropy", [[0.0, 1.0]], [0], from_logits=False) == [[0.0, 0.0]]


@pytest.mark.parametrize("loss", [cross_entropy, focal_loss, ordinal_loss, binary_cross_entropy])
def test_nothing_counts_gives_0_with_a_gradient_of_0(loss: Any) -> None:
    labels = np.full((2, 3, 4) if loss is binary_cross_entropy else (2, 3), 99).tolist()
    logits = np.full((2, 3, 4), NAN).tolist()
    assert in_a_trace(loss, logits=logits, labels=labels, lengths=[0, 0]) == [0]
    assert set(flat(KERAS.gradient(loss.__name__, logits, labels, lengths=[0, 0]))) == {0}


@pytest.mark.parametrize("wrong", [4, -1])
def test_a_label_out_of_range_is_no_silent_loss(wrong: int) -> None:
    options = {"logits": LOGITS.tolist(), "labels": np.where(LABELS == 3, wrong, LABELS).tolist()}
    if BACKEND == "torch":
        with pytest.raises(ValuesError, match=f"is {wrong}, and 6 of 15 labels that count are out of range"):
            in_a_trace(cross_entropy, **options)
    else:
        assert np.isnan(in_a_trace(cross_entropy, **options))


@pytest.mark.skipif(BACKEND != "torch", reason="under other backends fit runs in a trace")
def test_values_are_looked_at_where_torch_takes_a_gradient() -> None:
    logits = ops.convert_to_tensor(LOGITS).requires_grad_()
    with pytest.raises(ValuesError, match=r"labels\[0, 0\] is 4"):
        cross_entropy(logits, np.full((3, 5), 4))


@pytest.mark.skipif(BACKEND != "torch", reason="of torch alone")
def test_tensors_that_torch_transforms_are_not_looked_at() -> None:
    import torch

    logits, labels = torch.tensor(LOGITS), torch.tensor(LABELS)
    found = torch.func.grad(lambda z: cross_entropy(z, labels))(logits)
    softmax = logits.softmax(-1) - torch.nn.functional.one_hot(labels, 4)
    torch.testing.assert_close(found, softmax / 15)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"labels": LABELS / 1.0}, DtypeError, "labels are float, but labels of this shape are class indices"),
        ({"labels": LABELS[0]}, ShapeError, "labels do not fit logits with classes on axis 2"),
        ({"mask": MASK * 1}, DtypeError, "mask is int"),
    ],
    ids=["kind", "axes", "mask"],
)
def test_wrong_arrays_are_the_same_error_in_a_trace(options: Any, kind: Any, words: str) -> None:
    arrays = {"logits": LOGITS, "labels": LABELS, **options}
    with pytest.raises(kind) as caught:
        traced(cross_entropy, {name: ops.convert_to_tensor(array) for name, array in arrays.items()})
    assert words in str(caught.value)


def test_sizes_that_are_not_known_are_question_marks() -> None:
    arrays = {"logits": ops.convert_to_tensor(LOGITS), "labels": ops.convert_to_tensor(LABELS / 1.0)}
    logits, labels = ("(?, ?, ?)", "(?, ?)") if BACKEND == "tensorflow" else ("(3, 5, 4)", "(3, 5)")
    with pytest.raises(DtypeError) as caught:
        traced(cross_entropy, arrays)
    assert str(caught.value) == (
        "cross_entropy: labels are float, but labels of this shape are class indices\n"
        f"  logits  float  {logits}\n"
        f"  labels  float  {labels}\n"
        f"  expected: labels int {labels}, or one-hot float {logits}\n"
        "  hint: cast the labels to integers; when they hold other values than 0, 1, 2, ..., such as -1, 0, 1, "
        "pass label_values=(-1, 0, 1) too, and mask= where a label is missing"
    )


def test_a_loss_sum_goes_in_and_out_of_a_trace() -> None:
    arrays = {"logits": ops.convert_to_tensor(LOGITS), "labels": ops.convert_to_tensor(LABELS)}
    part = traced(lambda logits, labels: loss_sum(cross_entropy, logits, labels), arrays)
    assert isinstance(part, LossSum)
    assert float(sum([part, part]).count) == 30
    mean = traced(lambda **given: LossSum(**given).mean(), part._asdict())
    assert float(mean) == pytest.approx(float(reference.cross_entropy(LOGITS, LABELS)), rel=1e-12)


def test_the_mean_of_nothing_is_0() -> None:
    assert float(LossSum(ops.convert_to_tensor(0.0), ops.convert_to_tensor(0.0)).mean()) == 0


def test_loss_sum_knows_its_losses() -> None:
    with pytest.raises(ConfigError, match=r"(?s)is not a loss of seqwise\.losses\.keras.*one of 'cross_entropy'"):
        loss_sum(reference.cross_entropy, LOGITS, LABELS)
