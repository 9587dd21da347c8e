"""Every case in every framework and reduction equals the oracle; a few equal what pencil and paper give."""

from __future__ import annotations

import math
from typing import Any

import pytest
from loss_cases import BINARY_CASES, CLASS_CASES, CLASS_LOSSES, REDUCTIONS, Backend, Case, flat, numbers, one_hot

import oracle

CASES = pytest.mark.parametrize("case", CLASS_CASES, ids=lambda case: case.name)


def agree(found: Any, wanted: Any, reduction: str = "mean") -> None:
    assert flat(found) == pytest.approx(flat(wanted), rel=1e-11, abs=1e-12), reduction


def agree_in_every_reduction(backend: Backend, case: Case, labels: Any) -> None:
    terms = oracle.class_terms(case.logits, case.labels, **case.options)
    for reduction in REDUCTIONS:
        if reduction != "per_output" or len(case.sizes) > 1:
            found = backend.call("cross_entropy", case.logits, labels, reduction=reduction, **case.options)
            agree(found, oracle.reduced(terms, case.sizes, reduction), reduction)


@CASES
def test_cross_entropy_of_class_indices_equals_the_oracle(case: Case, backend: Backend) -> None:
    agree_in_every_reduction(backend, case, case.labels)


@CASES
def test_one_hot_labels_give_what_class_indices_give(case: Case, backend: Backend) -> None:
    labels = one_hot(case.labels, oracle.shape(case.logits)[-1], case.options.get("label_values"))
    agree_in_every_reduction(backend, case, labels)


OTHER_LOSSES = [name for name in CLASS_LOSSES if name != "cross_entropy"]


@pytest.mark.parametrize("name", OTHER_LOSSES)
@CASES
def test_every_loss_over_class_indices_equals_the_oracle(name: str, case: Case, backend: Backend) -> None:
    loss, own = CLASS_LOSSES[name]
    terms = oracle.class_terms(case.logits, case.labels, loss=loss, **own, **case.options)
    agree(backend.call(loss, case.logits, case.labels, **own, **case.options), oracle.reduced(terms, case.sizes))


@pytest.mark.parametrize("name", OTHER_LOSSES)
@CASES
def test_every_loss_of_one_hot_labels_equals_the_oracle(name: str, case: Case, backend: Backend) -> None:
    loss, own = CLASS_LOSSES[name]
    labels = one_hot(case.labels, oracle.shape(case.logits)[-1], case.options.get("label_values"))
    terms = oracle.class_terms(case.logits, case.labels, loss=loss, **own, **case.options)
    found = backend.call(loss, case.logits, labels, **own, **case.options, reduction="none")
    agree(found, oracle.reduced(terms, case.sizes, "none"))


@CASES
def test_focal_loss_of_gamma_0_is_cross_entropy(case: Case, backend: Backend) -> None:
    found = backend.call("focal_loss", case.logits, case.labels, gamma=0.0, **case.options)
    assert found == backend.call("cross_entropy", case.logits, case.labels, **case.options)


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_focal_loss_of_a_known_probability(gamma: float, backend: Backend) -> None:
    found = backend.call("focal_loss", [[math.log(3), 0.0]], [0], gamma=gamma)  # softmax is (3/4, 1/4)
    agree(found, -(0.25**gamma) * math.log(0.75))


def test_ordinal_loss_of_known_probabilities(backend: Backend) -> None:
    logits = [[math.log(2), 0.0, math.log(5)]]  # softmax is (2/8, 1/8, 5/8): P(label <= 0) = 2/8, P(label <= 1) = 3/8
    found = [backend.call("ordinal_loss", logits, [label], label_values=(-1, 0, 1)) for label in (-1, 0, 1)]
    agree(found, [-math.log(2 / 8 * 3 / 8), -math.log(6 / 8 * 3 / 8), -math.log(6 / 8 * 5 / 8)])


@pytest.mark.parametrize(
    "options", [{}, {"label_smoothing": 0.2, "class_weight": [0.5, 2.0]}, {"from_logits": False}], ids=str
)
def test_ordinal_loss_of_two_classes_is_cross_entropy(options: dict[str, Any], backend: Backend) -> None:
    logits = numbers((4, 2), 1) if options.get("from_logits", True) else [[0.25, 0.75], [1.0, 0.0], [0.5, 0.5], [0, 1]]
    found = backend.call("ordinal_loss", logits, [0, 1, 1, 0], **options)
    agree(found, backend.call("cross_entropy", logits, [0, 1, 1, 0], **options))


@pytest.mark.parametrize("case", BINARY_CASES, ids=lambda case: case.name)
def test_binary_cross_entropy_equals_the_oracle(case: Case, backend: Backend) -> None:
    sizes = oracle.shape(case.logits)
    terms = oracle.binary_terms(case.logits, case.labels, **case.options)
    for reduction in REDUCTIONS:
        found = backend.call("binary_cross_entropy", case.logits, case.labels, reduction=reduction, **case.options)
        agree(found, oracle.reduced(terms, sizes, reduction), reduction)


@pytest.mark.parametrize("reduction", ["mean", "sequence_mean", "batch_mean"])
def test_denominator_replaces_the_divisor(reduction: str, backend: Backend) -> None:
    case = next(case for case in CLASS_CASES if case.name == "every option")
    terms = oracle.class_terms(case.logits, case.labels, **case.options)
    found = backend.call(
        "cross_entropy", case.logits, case.labels, reduction=reduction, denominator=7.5, **case.options
    )
    agree(found, oracle.reduced(terms, case.sizes, reduction, denominator=7.5))


def test_denominator_may_be_one_number_per_output(backend: Backend) -> None:
    logits, labels = [[[0.0, 0.0], [0.0, 0.0]]], [[0, 1]]
    divisors = backend.array([2.0, 4.0], "float")
    found = backend.call("cross_entropy", logits, labels, reduction="per_output", denominator=divisors)
    agree(found, [math.log(2) / 2, math.log(2) / 4])


def test_a_denominator_of_0_gives_0(backend: Backend) -> None:
    assert backend.call("cross_entropy", [[1.0, 0.0]], [0], mask=[False], denominator=0) == 0


@pytest.mark.parametrize("classes", [1, 2, 10])
def test_equal_logits_cost_the_logarithm_of_the_number_of_classes(classes: int, backend: Backend) -> None:
    agree(backend.call("cross_entropy", [[3.0] * classes], [0]), math.log(classes))


def test_logits_of_0_cost_log_2_per_yes_or_no(backend: Backend) -> None:
    agree(backend.call("binary_cross_entropy", [[0.0, 0.0]], [[1, 0]]), math.log(2))


@pytest.mark.parametrize(("loss", "labels"), [("cross_entropy", [0]), ("binary_cross_entropy", [[1, 0]])])
def test_probability_0_costs_126_log_2(loss: str, labels: Any, backend: Backend) -> None:
    found = backend.call(loss, [[0.0, 1.0]], labels, from_logits=False)
    agree(found, 126 * math.log(2))


def test_a_label_that_cannot_be_costs_infinity(backend: Backend) -> None:
    assert backend.call("cross_entropy", [[float("-inf"), 0.0]], [0]) == math.inf


def test_sequence_mean_averages_the_means_of_the_sequences(backend: Backend) -> None:
    logits = [[[0.0, 0.0]] * 3, [[0.0, 0.0, 0.0][:2]] * 3]
    logits[1] = [[math.log(3), 0.0]] * 3  # softmax is (3/4, 1/4)
    found = backend.call("cross_entropy", logits, [[0, 0, 0], [1, 1, 1]], lengths=[3, 1], reduction="sequence_mean")
    agree(found, (math.log(2) + math.log(4)) / 2)


def test_two_classes_equal_one_yes_or_no(backend: Backend) -> None:
    found = backend.call("cross_entropy", [[0.0, 0.7], [0.0, -2.0]], [1, 0], label_smoothing=0.1)
    agree(found, backend.call("binary_cross_entropy", [[0.7], [-2.0]], [[1], [0]], label_smoothing=0.1))


@CASES
def test_the_mean_of_loss_sum_is_exactly_the_mean(case: Case, backend: Backend) -> None:
    options = backend.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    logits, labels = options.pop("logits"), options.pop("labels")
    for name in ("cross_entropy", "focal_loss", "ordinal_loss"):
        loss = getattr(backend.losses, name)
        found = backend.losses.loss_sum(loss, logits, labels, **options).mean()
        assert float(found) == float(loss(logits, labels, **options))
