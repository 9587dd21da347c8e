"""What only JAX has: jit, vmap, grad of grad, float32 unless x64 is enabled, low precision, pytrees, traces."""

from __future__ import annotations

import importlib
import math
import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from loss_cases import BINARY_CASES, CLASS_CASES, CLASS_LOSSES, JAX, NUMPY, TORCH, Case, flat

import seqwise.losses.jax
import seqwise.losses.torch
from seqwise.errors import ConfigError, MissingExtraError, ValuesError
from seqwise.losses.jax import LossSum, binary_cross_entropy, cross_entropy, focal_loss, loss_sum, ordinal_loss

RNG = np.random.default_rng(0)
LOGITS, LABELS = RNG.normal(size=(3, 5, 4)), RNG.integers(0, 4, (3, 5))
MASK = RNG.random((3, 5)) < 0.6
JITTED = ("every option", "label values out of order with a missing label", "smoothing and class weights", "lengths")


def case_named(name: str) -> Case:
    return next(case for case in CLASS_CASES if case.name == name)


def arrays_of(case: Case) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays of a case, which jit traces, and the options, which stay Python values."""
    given = JAX.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    arrays = {name: value for name, value in given.items() if isinstance(value, jax.Array)}
    return arrays, {name: value for name, value in given.items() if name not in arrays}


@pytest.mark.parametrize("name", CLASS_LOSSES)
@pytest.mark.parametrize("case", [case_named(name) for name in JITTED], ids=lambda case: case.name)
def test_jit_changes_nothing(case: Case, name: str) -> None:
    loss, own = CLASS_LOSSES[name]
    arrays, options = arrays_of(case)
    for reduction in ("none", "sequence_mean"):
        function = partial(getattr(seqwise.losses.jax, loss), reduction=reduction, **own, **options)
        np.testing.assert_allclose(jax.jit(function)(**arrays), function(**arrays), rtol=1e-13)


def test_jit_of_yes_or_no_changes_nothing() -> None:
    case = next(case for case in BINARY_CASES if case.name == "every option")
    arrays, options = arrays_of(case)
    function = partial(binary_cross_entropy, **options)
    np.testing.assert_allclose(jax.jit(function)(**arrays), function(**arrays), rtol=1e-13)


def test_options_may_be_named_static() -> None:
    jitted = jax.jit(cross_entropy, static_argnames=("reduction", "label_values", "label_smoothing", "class_axis"))
    options = {"reduction": "sum", "label_values": (3, 2, 1, 0), "label_smoothing": 0.1, "class_axis": -1}
    np.testing.assert_allclose(
        jitted(LOGITS, LABELS, **options),
        cross_entropy(LOGITS, LABELS, **options),
        rtol=1e-13,  # type: ignore[arg-type]
    )


def test_a_denominator_may_be_traced() -> None:
    found = jax.jit(lambda n: cross_entropy(LOGITS, LABELS, denominator=n))(7.5)
    assert float(found) == pytest.approx(float(cross_entropy(LOGITS, LABELS, reduction="sum")) / 7.5)


@pytest.mark.parametrize("loss", [cross_entropy, focal_loss, ordinal_loss])
def test_vmap_over_examples_equals_a_loop(loss: Any) -> None:
    one = partial(loss, label_values=(3, 2, 1, 0))
    found = jax.vmap(one)(LOGITS, LABELS)
    wanted = [float(one(z, y)) for z, y in zip(LOGITS, LABELS, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_a_single_example_has_one_label() -> None:
    found = jax.vmap(cross_entropy)(LOGITS[0], LABELS[0])
    np.testing.assert_allclose(found, cross_entropy(LOGITS[0], LABELS[0], reduction="none"), rtol=1e-13)


def test_gradients_of_each_example_by_vmap_of_grad() -> None:
    found = jax.vmap(jax.grad(cross_entropy))(jnp.array(LOGITS), jnp.array(LABELS))
    wanted = jax.grad(lambda z: cross_entropy(z, LABELS, reduction="sum"))(jnp.array(LOGITS)) / LABELS.shape[1]
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_second_derivatives_are_those_of_torch(name: str) -> None:
    import torch

    loss, own = CLASS_LOSSES[name]
    logits, labels, mask = [[0.5, -1.0, 2.0], [math.nan] * 3], [1, 0], [True, False]
    in_jax, in_torch = (partial(getattr(b.losses, loss), **own) for b in (JAX, TORCH))
    found = jax.hessian(lambda z: in_jax(z, jnp.array(labels), mask=jnp.array(mask)))(jnp.array(logits))
    options = {"mask": torch.tensor(mask)}
    wanted = torch.autograd.functional.hessian(
        lambda z: in_torch(z, torch.tensor(labels), **options), torch.tensor(logits, dtype=torch.float64)
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("loss", [cross_entropy, focal_loss, ordinal_loss, binary_cross_entropy])
def test_half_precision_logits_give_a_float32_loss_and_half_precision_gradients(loss: Any, dtype: str) -> None:
    labels = LABELS if loss is not binary_cross_entropy else RNG.integers(0, 2, LOGITS.shape)
    logits = jnp.array(LOGITS, dtype)
    found, gradient = jax.value_and_grad(loss)(logits, labels)
    assert (found.dtype, gradient.dtype) == (jnp.float32, logits.dtype)
    exact = getattr(NUMPY.losses, loss.__name__)(np.asarray(logits.astype(jnp.float32)), labels)
    assert float(found) == pytest.approx(float(exact), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_many_half_precision_rows_are_summed_exactly_enough(dtype: str, reduction: Any) -> None:
    rows = 70_000
    found = cross_entropy(jnp.zeros((rows, 2), dtype), jnp.zeros(rows, int), reduction=reduction)
    assert float(found) == pytest.approx(math.log(2) * (rows if reduction == "sum" else 1), rel=1e-6)


def test_without_x64_all_is_float32() -> None:
    with jax.enable_x64(False):
        found = cross_entropy(LOGITS, LABELS, class_weight=[0.5, 2.0, 1.0, 3.0], label_smoothing=0.1)
    assert found.dtype == jnp.float32
    wanted = NUMPY.losses.cross_entropy(LOGITS, LABELS, class_weight=[0.5, 2.0, 1.0, 3.0], label_smoothing=0.1)
    assert float(found) == pytest.approx(float(wanted), rel=1e-6)


def test_with_x64_float32_logits_stay_float32() -> None:
    found = cross_entropy(jnp.array(LOGITS, "float32"), LABELS, sample_weight=np.ones((3, 5)), denominator=3.0)
    assert found.dtype == jnp.float32


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_labels_may_be_any_integers(dtype: str) -> None:
    assert cross_entropy(LOGITS, jnp.array(LABELS, dtype)) == cross_entropy(LOGITS, LABELS)


def test_ignore_index_of_unsigned_labels_does_not_wrap_around() -> None:
    with pytest.raises(ValuesError, match=r"labels\[0\] is 255"):
        cross_entropy(LOGITS[0, :2], jnp.array([255, 1], "uint8"), ignore_index=-1)


@pytest.mark.parametrize("labels", [[-1, 0], [-4, 0], [-5, 0], [4, 0], [99, 0]])
@pytest.mark.parametrize("label_values", [None, (7, 0, 5, 1)])
def test_a_wrong_label_that_nobody_looked_at_is_no_silent_loss(labels: list[int], label_values: Any) -> None:
    found = jax.jit(partial(cross_entropy, label_values=label_values))(LOGITS[0, :2], jnp.array(labels))
    assert math.isnan(found)


def test_wrong_labels_are_looked_for_only_outside_of_traces() -> None:
    with pytest.raises(ValuesError, match=r"labels\[0\] is 9"):
        cross_entropy(LOGITS[0, :2], jnp.array([9, 0]))
    assert jnp.isnan(jax.vmap(cross_entropy)(LOGITS[0, :2], jnp.array([9, 0]))).tolist() == [True, False]


def test_nan_logits_go_through_to_a_nan_loss() -> None:
    assert math.isnan(cross_entropy(jnp.array([[math.nan, 0.0]]), jnp.array([0])))


def test_a_loss_sum_goes_through_jit_and_scan() -> None:
    lengths = jnp.array([5, 1, 3])

    @jax.jit
    def over_rows(logits: Any, labels: Any) -> LossSum:
        def add(total: LossSum, row: Any) -> tuple[LossSum, None]:
            z, y, n = row
            return total + loss_sum(cross_entropy, z[None], y[None], lengths=n[None]), None

        start = LossSum(jnp.zeros(()), jnp.zeros(()))
        total, _ = jax.lax.scan(add, start, (logits, labels, lengths))
        return total

    found = over_rows(jnp.array(LOGITS), jnp.array(LABELS))
    assert isinstance(found, LossSum)
    assert float(found.count) == 9
    assert float(found.mean()) == pytest.approx(float(cross_entropy(LOGITS, LABELS, lengths=lengths)), rel=1e-13)


def test_loss_sums_add_up_over_devices_of_one_name() -> None:
    def part(z: Any, y: Any) -> LossSum:
        return jax.lax.psum(loss_sum(cross_entropy, z[None], y[None]), "batch")

    found = jax.vmap(part, axis_name="batch")(LOGITS, LABELS).mean()
    np.testing.assert_allclose(found, [float(cross_entropy(LOGITS, LABELS))] * 3, rtol=1e-13)


def test_a_loss_sum_without_count_has_mean_0_and_a_gradient_of_0() -> None:
    value, gradient = jax.value_and_grad(lambda total: LossSum(total, jnp.array(0.0)).mean())(3.0)
    assert (float(value), float(gradient)) == (0.0, 0.0)


def test_a_loss_sum_adds_only_to_its_like() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        1 + LossSum(jnp.array(1.0), jnp.array(1.0))


def test_loss_sum_knows_its_losses() -> None:
    with pytest.raises(ConfigError, match=r"loss_sum: .*sum is not a loss of seqwise.losses.jax"):
        loss_sum(jnp.sum, LOGITS, LABELS)


@pytest.mark.parametrize("reduction", ["mean", "sequence_mean", "per_output"])
def test_lists_will_do(reduction: Any) -> None:
    found = cross_entropy(LOGITS.tolist(), LABELS.tolist(), lengths=[5, 0, 2], reduction=reduction)
    wanted = NUMPY.losses.cross_entropy(LOGITS, LABELS, lengths=[5, 0, 2], reduction=reduction)
    assert flat(found.tolist()) == pytest.approx(flat(wanted.tolist()))


def test_without_jax_the_message_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("seqwise.losses.jax")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(MissingExtraError) as caught:
        importlib.import_module("seqwise.losses.jax")
    assert str(caught.value) == "jax is not installed. Install it from the clone of seqwise with: pip install '.[jax]'"
    assert isinstance(caught.value, ImportError)


TRACED = [
    ("gamma", focal_loss, 2.0),
    ("label_smoothing", cross_entropy, 0.1),
    ("ignore_index", cross_entropy, -1),
    ("class_axis", cross_entropy, -1),
    ("from_logits", cross_entropy, True),
]


@pytest.mark.parametrize(("name", "loss", "value"), TRACED)
def test_an_option_that_a_trace_hides_is_to_be_static(name: str, loss: Any, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"static_argnames='{name}'"):
        jax.jit(lambda option: loss(LOGITS, LABELS, **{name: option}))(value)


def test_a_static_option_is_no_trouble() -> None:
    jitted = jax.jit(focal_loss, static_argnames="gamma")
    np.testing.assert_allclose(jitted(LOGITS, LABELS, gamma=0.5), focal_loss(LOGITS, LABELS, gamma=0.5), rtol=1e-6)
