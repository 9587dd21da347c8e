"""The laws of the losses: what a batch, padding, order and layout may never change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_cases import BACKENDS, CLASS_CASES, CLASS_LOSSES, NUMPY, REDUCTIONS, Backend, Case, one_hot

import oracle

BATCH_MEANS = ("sum", "mean", "sequence_mean", "batch_mean", "per_output")
EVERY_BACKEND = st.sampled_from(BACKENDS)
SIZES = ((2, 2, 3), (3, 2, 3), (3, 4, 3), (1, 3, 5))
"""Few, and some of one shape when padded, since JAX compiles every operation again for every shape."""
laws = settings(max_examples=40, deadline=None)


@st.composite
def batches(draw: st.DrawFn) -> dict[str, Any]:
    """NumPy arrays of a tagging batch with lengths, class weights and smoothing, and the loss to call."""
    batch, time, classes = draw(st.sampled_from(SIZES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return {
        "loss": draw(st.sampled_from(tuple(CLASS_LOSSES))),
        "logits": rng.normal(scale=draw(st.sampled_from([0.1, 3.0, 30.0])), size=(batch, time, classes)),
        "labels": rng.integers(0, classes, (batch, time)),
        "lengths": rng.integers(1, time + 1, batch),
        "class_weight": rng.uniform(0.1, 2, classes),
        "sample_weight": rng.uniform(0.1, 2, (batch, time)),
        "label_smoothing": draw(st.sampled_from([0.0, 0.1, 1.0])),
    }


def loss(backend: Backend, arrays: dict[str, Any], **options: Any) -> Any:
    """The loss of NumPy arrays as a list or a number."""
    lists = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in arrays.items()}
    name, own = CLASS_LOSSES[lists.pop("loss", "cross_entropy")]
    return backend.call(name, lists.pop("logits"), lists.pop("labels"), **own, **lists, **options)


def close(wanted: Any) -> Any:
    return pytest.approx(wanted, rel=1e-10, abs=1e-11)


@laws
@given(batches(), EVERY_BACKEND, st.sampled_from(BATCH_MEANS))
def test_more_padding_changes_nothing(arrays: dict[str, Any], backend: Backend, reduction: str) -> None:
    steps = 2
    padded = dict(arrays)
    padded["logits"] = np.pad(arrays["logits"], ((0, 0), (0, steps), (0, 0)), constant_values=np.nan)
    padded["labels"] = np.pad(arrays["labels"], ((0, 0), (0, steps)), constant_values=-77)
    padded["sample_weight"] = np.pad(arrays["sample_weight"], ((0, 0), (0, steps)), constant_values=np.nan)
    wanted = loss(backend, arrays, reduction=reduction)
    if reduction == "per_output":
        wanted = wanted + [0.0] * steps
    assert loss(backend, padded, reduction=reduction) == close(wanted)


@laws
@given(batches(), EVERY_BACKEND, st.sampled_from(BATCH_MEANS))
def test_a_sequence_of_padding_changes_nothing(arrays: dict[str, Any], backend: Backend, reduction: str) -> None:
    more = dict(arrays)
    for name in ("logits", "labels", "sample_weight"):
        more[name] = np.concatenate([arrays[name], arrays[name][:1]])
    more["lengths"] = np.append(arrays["lengths"], 0)
    assert loss(backend, more, reduction=reduction) == close(loss(backend, arrays, reduction=reduction))


@laws
@given(batches(), EVERY_BACKEND, st.sampled_from(BATCH_MEANS), st.randoms(use_true_random=False))
def test_the_order_of_the_batch_changes_nothing(
    arrays: dict[str, Any], backend: Backend, reduction: str, rng: Any
) -> None:
    order = list(range(len(arrays["labels"])))
    rng.shuffle(order)
    shuffled = dict(arrays)
    for name in ("logits", "labels", "lengths", "sample_weight"):
        shuffled[name] = arrays[name][order]
    assert loss(backend, shuffled, reduction=reduction) == close(loss(backend, arrays, reduction=reduction))


@laws
@given(batches(), EVERY_BACKEND, st.floats(-50, 50))
def test_shifted_logits_cost_the_same(arrays: dict[str, Any], backend: Backend, shift: float) -> None:
    shifted = {**arrays, "logits": arrays["logits"] + shift}
    assert loss(backend, shifted) == pytest.approx(loss(backend, arrays), rel=1e-9, abs=1e-9)


@laws
@given(batches(), EVERY_BACKEND, st.sampled_from(BATCH_MEANS))
def test_lengths_are_a_mask(arrays: dict[str, Any], backend: Backend, reduction: str) -> None:
    masked = dict(arrays)
    lengths = masked.pop("lengths")
    masked["mask"] = np.arange(arrays["labels"].shape[1]) < lengths[:, None]
    assert loss(backend, masked, reduction=reduction) == close(loss(backend, arrays, reduction=reduction))


@laws
@given(batches(), EVERY_BACKEND, st.sampled_from(BATCH_MEANS))
def test_one_hot_labels_are_class_indices(arrays: dict[str, Any], backend: Backend, reduction: str) -> None:
    one_hot = {**arrays, "labels": np.eye(arrays["logits"].shape[-1])[arrays["labels"]]}
    assert loss(backend, one_hot, reduction=reduction) == close(loss(backend, arrays, reduction=reduction))


@laws
@given(batches(), EVERY_BACKEND, st.sampled_from(REDUCTIONS))
def test_label_values_are_names_of_classes(arrays: dict[str, Any], backend: Backend, reduction: str) -> None:
    values = np.array([40, -3, 7, 0, 1])[: arrays["logits"].shape[-1]]
    named = {**arrays, "labels": values[arrays["labels"]], "label_values": tuple(values.tolist())}
    assert loss(backend, named, reduction=reduction) == loss(backend, arrays, reduction=reduction)


@laws
@given(batches(), EVERY_BACKEND)
def test_a_batch_is_its_rows_one_by_one(arrays: dict[str, Any], backend: Backend) -> None:
    whole = loss(backend, arrays, reduction="none")
    for row in range(len(whole)):
        one = dict(arrays)
        for name in ("logits", "labels", "lengths", "sample_weight"):
            one[name] = arrays[name][row : row + 1]
        assert loss(backend, one, reduction="none")[0] == close(whole[row])


@laws
@given(batches(), EVERY_BACKEND)
def test_micro_batches_add_up_to_the_batch(arrays: dict[str, Any], backend: Backend) -> None:
    def part(rows: slice) -> Any:
        given = {name: arrays[name][rows].tolist() for name in ("logits", "labels", "lengths", "sample_weight")}
        given = backend.arrays({**given, "class_weight": arrays["class_weight"].tolist()})
        name, own = CLASS_LOSSES[arrays["loss"]]
        return backend.losses.loss_sum(
            getattr(backend.losses, name),
            given.pop("logits"),
            given.pop("labels"),
            label_smoothing=arrays["label_smoothing"],
            **own,
            **given,
        )

    parts = [part(slice(row, row + 1)) for row in range(len(arrays["labels"]))]
    assert float(sum(parts).mean()) == close(loss(backend, arrays))


@laws
@given(batches(), EVERY_BACKEND)
def test_one_denominator_makes_micro_batches_add_up(arrays: dict[str, Any], backend: Backend) -> None:
    del arrays["class_weight"], arrays["sample_weight"]
    total = int(arrays["lengths"].sum())
    parts = []
    for row in range(len(arrays["labels"])):
        one = {name: arrays[name][row : row + 1] for name in ("logits", "labels", "lengths")}
        one |= {"loss": arrays["loss"], "label_smoothing": arrays["label_smoothing"]}
        parts.append(loss(backend, one, denominator=total))
    assert math.fsum(parts) == close(loss(backend, arrays))


@laws
@given(batches(), EVERY_BACKEND, st.sampled_from(REDUCTIONS))
def test_frameworks_agree(arrays: dict[str, Any], backend: Backend, reduction: str) -> None:
    found, reference = (np.array(loss(each, arrays, reduction=reduction)) for each in (backend, NUMPY))
    np.testing.assert_allclose(found, reference, rtol=1e-11, atol=1e-12)


@laws
@given(batches(), EVERY_BACKEND)
def test_errors_far_from_the_middle_of_the_prediction_cost_more_and_more(
    arrays: dict[str, Any], backend: Backend
) -> None:
    """Ordinal loss is least at the median of the predicted classes, and grows ever faster away from it."""
    row = arrays["logits"][0, 0].tolist()
    costs = [backend.call("ordinal_loss", [row], [label]) for label in range(len(row))]
    softmax = np.exp(oracle.log_softmax(row))
    median = int((softmax.cumsum() >= 0.5).argmax())
    assert min(costs) == pytest.approx(costs[median])
    steps = np.diff(costs)
    assert (np.diff(steps) >= -1e-9).all()


@laws
@given(batches(), EVERY_BACKEND)
def test_the_higher_gamma_the_less_focal_loss_costs(arrays: dict[str, Any], backend: Backend) -> None:
    focal = {**arrays, "loss": "focal_loss"}
    costs = [np.array(loss(backend, focal, reduction="none", gamma=gamma)) for gamma in (0.0, 0.5, 2.0)]
    assert (costs[0] + 1e-12 >= costs[1]).all()
    assert (costs[1] + 1e-12 >= costs[2]).all()


@pytest.mark.parametrize("case", [case for case in CLASS_CASES if len(case.sizes) > 1], ids=lambda case: case.name)
def test_the_class_axis_may_be_the_second(case: Case, backend: Backend) -> None:
    second = {"logits": np.moveaxis(np.array(case.logits), -1, 1).tolist(), "labels": case.labels, **case.options}
    found = backend.call("cross_entropy", **second, class_axis=1, reduction="none")
    wanted = backend.call("cross_entropy", case.logits, case.labels, **case.options, reduction="none")
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("case", [case for case in CLASS_CASES if len(case.sizes) > 1], ids=lambda case: case.name)
def test_one_hot_labels_share_the_class_axis(case: Case, backend: Backend) -> None:
    labels = one_hot(case.labels, len(np.array(case.logits)[(0,) * len(case.sizes)]), case.options.get("label_values"))
    logits, second = (np.moveaxis(np.array(array), -1, 1).tolist() for array in (case.logits, labels))
    found = backend.call("cross_entropy", logits, second, **case.options, class_axis=1, reduction="none")
    wanted = backend.call("cross_entropy", case.logits, case.labels, **case.options, reduction="none")
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_when_steps_are_as_many_as_classes_the_class_axis_alone_decides(backend: Backend) -> None:
    logits, labels = np.random.default_rng(0).normal(size=(2, 4, 4)), [[0, 1, 2, 3], [3, 2, 1, 0]]
    last = backend.call("cross_entropy", logits.tolist(), labels)
    second = backend.call("cross_entropy", logits.transpose(0, 2, 1).tolist(), labels, class_axis=1)
    assert second == pytest.approx(last, rel=1e-12)
    assert backend.call("cross_entropy", logits.tolist(), labels, class_axis=1) != pytest.approx(last, rel=1e-3)
