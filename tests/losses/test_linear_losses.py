"""Head and loss in one: equal to the loss of the head's logits, and closed to what does not count."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch
from loss_cases import CLASS_CASES, NUMPY, TORCH, Backend, Case, coins, flat, integers, mapped, numbers, one_hot

import oracle
from seqwise.errors import ConfigError, DtypeError, ShapeError, ValuesError
from seqwise.losses.torch import LinearCrossEntropyLoss, cross_entropy, linear_cross_entropy, loss_sum

FEATURES = 5
CASES = [case for case in CLASS_CASES if case.options.get("from_logits", True) and np.isfinite(case.logits).all()]
OUTPUTS = ("outputs", "every option", "class weights", "labels -1, 0, 1")
PER_OUTPUT = [case for case in CASES if len(case.sizes) > 1 and case.name.startswith(OUTPUTS)]
NAN = math.nan


@pytest.fixture(params=[NUMPY, TORCH], ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    """The frameworks that have it."""
    return request.param


def named(case: Case) -> str:
    return case.name


def head(case: Case, *, per_output: bool = False) -> dict[str, Any]:
    """Hidden, weight and bias whose logits have the shape of the case's."""
    *sizes, classes = oracle.shape(case.logits)
    outputs = (sizes.pop(),) if per_output else ()
    return {
        "hidden": numbers((*sizes, FEATURES), 51),
        "weight": numbers((*outputs, classes, FEATURES), 52, -1, 1),
        "bias": numbers((*outputs, classes), 53),
    }


def agree(found: Any, wanted: Any) -> None:
    assert flat(found) == pytest.approx(flat(wanted), rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("labels", ["index", "one-hot"])
@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_loss_is_that_of_the_logits(case: Case, labels: str, backend: Backend) -> None:
    given = head(case)
    classes, values = len(given["weight"]), case.options.get("label_values")
    truth = case.labels if labels == "index" else one_hot(case.labels, classes, values)
    for reduction in ("none", "mean"):
        found = backend.run("linear_cross_entropy", **given, labels=truth, reduction=reduction, **case.options)
        terms = oracle.class_terms(oracle.linear(**given), case.labels, **case.options)
        agree(found, oracle.reduced(terms, case.sizes, reduction))


@pytest.mark.parametrize("case", PER_OUTPUT, ids=named)
def test_each_output_may_have_a_weight_of_its_own(case: Case, backend: Backend) -> None:
    given = head(case, per_output=True)
    found = backend.run("linear_cross_entropy", **given, labels=case.labels, reduction="none", **case.options)
    terms = oracle.class_terms(oracle.linear(**given), case.labels, **case.options)
    agree(found, oracle.reduced(terms, case.sizes, "none"))


def test_bias_may_be_left_out(backend: Backend) -> None:
    found = backend.run("linear_cross_entropy", hidden=[[1.0, 2.0]], weight=[[0.5, 0.0], [0.0, 0.5]], labels=[1])
    agree(found, math.log1p(math.exp(-0.5)))


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_gradients_are_those_of_the_logits_times_the_other_factor(case: Case) -> None:
    given = head(case)
    slopes = oracle.class_gradient(oracle.linear(**given), case.labels, **case.options)
    slope = np.array([slopes[position] for position in oracle.positions(case.sizes)])  # (positions, classes)
    hidden, weight = np.array(given["hidden"]), np.array(given["weight"])
    wanted = {
        "hidden": (slope @ weight).reshape(hidden.shape),
        "weight": slope.T @ hidden.reshape(-1, FEATURES),
        "bias": slope.sum(0),
    }
    for name, gradient in wanted.items():
        options = {"labels": case.labels, "reduction": "sum", **case.options}
        found = TORCH.gradient("linear_cross_entropy", by=name, **given, **options)
        np.testing.assert_allclose(found, gradient, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("case", [case for case in PER_OUTPUT if case.name == "every option"], ids=named)
def test_gradients_of_a_weight_for_each_output_equal_numeric_differences(case: Case) -> None:
    given = TORCH.arrays({**head(case, per_output=True), "labels": case.labels, **case.options})
    inputs = [given.pop(name).requires_grad_() for name in ("hidden", "weight", "bias")]

    def loss(hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return linear_cross_entropy(hidden, weight, bias=bias, **given)

    assert torch.autograd.gradcheck(loss, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(loss, inputs, fast_mode=True)


POISONS = [pytest.param(poison, id=str(poison)) for poison in (NAN, math.inf, -math.inf)]
MASK = coins((3, 4), 4)
LABELS = integers((3, 4), 3, 2)
HEAD = {"hidden": numbers((3, 4, FEATURES), 1), "weight": numbers((3, FEATURES), 2), "bias": numbers((3,), 3)}


def spoiled(nested: Any, mask: Any, poison: Any) -> Any:
    """The nested list with every number replaced where the mask is off."""
    if isinstance(mask, list):
        return [spoiled(inner, row, poison) for inner, row in zip(nested, mask, strict=True)]
    return nested if mask else mapped(lambda _: poison, nested)


@pytest.mark.parametrize("poison", POISONS)
def test_hidden_that_does_not_count_may_be_anything(poison: float, backend: Backend) -> None:
    given = HEAD | {"hidden": spoiled(HEAD["hidden"], MASK, poison)}
    for reduction in ("none", "mean", "sequence_mean"):
        found = backend.run("linear_cross_entropy", **given, labels=LABELS, mask=MASK, reduction=reduction)
        wanted = backend.run("linear_cross_entropy", **HEAD, labels=LABELS, mask=MASK, reduction=reduction)
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("by", ["hidden", "weight", "bias"])
@pytest.mark.parametrize("poison", POISONS)
def test_no_gradient_sees_hidden_that_does_not_count(poison: float, by: str) -> None:
    given = HEAD | {"hidden": spoiled(HEAD["hidden"], MASK, poison)}
    found = TORCH.gradient("linear_cross_entropy", **given, labels=LABELS, by=by, mask=MASK)
    wanted = TORCH.gradient("linear_cross_entropy", **HEAD, labels=LABELS, by=by, mask=MASK)
    np.testing.assert_array_equal(found, wanted)
    assert by != "hidden" or not np.array(found)[~np.array(MASK)].any()


def test_hidden_counts_where_any_of_its_outputs_does() -> None:
    hidden = torch.tensor([[1.0, 2.0], [NAN, NAN]]).requires_grad_()
    weight, labels = torch.zeros(3, 2, 2, requires_grad=True), torch.zeros(2, 3, dtype=torch.long)
    linear_cross_entropy(hidden, weight, labels, mask=torch.tensor([[True, False, True], [False] * 3])).backward()
    assert weight.grad is not None
    assert weight.grad.isfinite().all()
    assert (weight.grad[1] == 0).all()
    assert (weight.grad[[0, 2]] != 0).any()


def test_nothing_counts_gives_0_with_gradients_of_0() -> None:
    hidden, weight = torch.full((2, 3, 4), NAN, requires_grad=True), torch.ones(5, 4, requires_grad=True)
    loss = linear_cross_entropy(hidden, weight, torch.full((2, 3), 99), lengths=torch.tensor([0, 0]))
    loss.backward()
    assert loss == 0
    for tensor in (hidden, weight):
        assert tensor.grad is not None
        assert not tensor.grad.any()


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_an_empty_batch_costs_0(outputs: tuple[int, ...], backend: Backend) -> None:
    floats = {"hidden": (0, 3, FEATURES), "weight": (*outputs, 4, FEATURES)}
    given = {name: backend.array(np.zeros(shape).tolist(), "float").reshape(shape) for name, shape in floats.items()}
    labels = backend.array([], "int").reshape((0, 3, *outputs))
    assert backend.losses.linear_cross_entropy(**given, labels=labels, lengths=backend.array([], "int")) == 0


def wrong_call(backend: Backend, kind: type[Exception], shapes: dict[str, Any], **options: Any) -> str:
    zeros = {"labels": np.zeros((8, 4), int).tolist()}
    for name, shape in shapes.items():
        zeros[name] = np.zeros(shape).tolist() if name != "labels" else np.zeros(shape[1], shape[0]).tolist()
    with pytest.raises(kind) as caught:
        backend.run("linear_cross_entropy", **zeros, **options)
    assert type(caught.value) is kind
    return str(caught.value)


def test_a_weight_the_wrong_way_round_is_told_to_be_transposed(backend: Backend) -> None:
    assert wrong_call(backend, ShapeError, {"hidden": (8, 4, 16), "weight": (16, 3)}) == (
        "linear_cross_entropy: weight does not fit hidden\n"
        "  hidden  float  (8, 4, 16)\n"
        "  weight  float  (16, 3)\n"
        "  labels  int    (8, 4)\n"
        "  expected: hidden (batch, ..., features), weight (classes, 16), or one such weight for each output\n"
        "  hint: features are last, as in torch.nn.Linear: transpose the weight"
    )


def test_a_weight_that_fits_nothing_is_told_what_would(backend: Backend) -> None:
    text = wrong_call(backend, ShapeError, {"hidden": (8, 4, 16), "weight": (3, 15)})
    assert "weight (classes, 16)" in text
    assert "hint" not in text
    assert "weight does not fit hidden" in wrong_call(backend, ShapeError, {"hidden": (8, 4, 16), "weight": (16,)})


def test_labels_that_do_not_fit_are_shown_the_logits_they_have_to_fit(backend: Backend) -> None:
    shapes = {"hidden": (8, 4, 16), "weight": (3, 16), "bias": (3,), "labels": (int, (8, 5))}
    assert wrong_call(backend, ShapeError, shapes) == (
        "linear_cross_entropy: labels do not fit logits with classes on axis 2\n"
        "  hidden  float  (8, 4, 16)\n"
        "  weight  float  (3, 16)\n"
        "  bias    float  (3,)\n"
        "  logits  float  (8, 4, 3)\n"
        "  labels  int    (8, 5)\n"
        "  expected: labels int (8, 4), or one-hot float (8, 4, 3)"
    )


WRONG_LABELS = [
    (DtypeError, (float, (8, 4)), "cast the labels to integers"),
    (DtypeError, (int, (8, 4, 3)), "if the labels are one-hot, make them float"),
    (ShapeError, (int, (8, 4, 1)), "the last axis of the labels has size 1: remove it with labels[..., 0]"),
]


@pytest.mark.parametrize(("kind", "labels", "hint"), WRONG_LABELS, ids=lambda value: str(value))
def test_labels_come_with_what_to_change(kind: Any, labels: Any, hint: str, backend: Backend) -> None:
    text = wrong_call(backend, kind, {"hidden": (8, 4, 16), "weight": (3, 16), "labels": labels})
    assert f"hint: {hint}" in text


def test_a_bias_that_does_not_fit_is_named(backend: Backend) -> None:
    shapes = {"hidden": (8, 16), "weight": (4, 3, 16), "bias": (3,)}
    text = wrong_call(backend, ShapeError, shapes)
    assert "linear_cross_entropy: bias does not fit weight\n" in text
    assert "expected: bias (4, 3), one number for each row of the weight" in text


@pytest.mark.parametrize("name", ["hidden", "weight", "bias"])
def test_the_head_holds_floats(name: str, backend: Backend) -> None:
    given = backend.arrays({"hidden": [[1.0]], "weight": [[1.0]], "bias": [1.0], "labels": [0]})
    given[name] = backend.array([1], "int")
    with pytest.raises(DtypeError, match=f"linear_cross_entropy: {name} is int\n"):
        backend.losses.linear_cross_entropy(**given)


def test_label_range_is_that_of_the_weight(backend: Backend) -> None:
    with pytest.raises(ValuesError, match=r"labels\[1\] is 3, and 1 of 2 labels that count is out of range"):
        backend.run("linear_cross_entropy", hidden=[[1.0], [2.0]], weight=[[1.0]] * 3, labels=[0, 3])


@pytest.mark.parametrize(
    ("name", "spoilt", "words"),
    [
        ("hidden", [[1.0, 0.0], [NAN, 0.0]], r"hidden\[1, 0\] is nan"),
        ("weight", [[0.0, math.inf], [0.0, 0.0]], r"weight\[0, 1\] is inf"),
        ("bias", [0.0, NAN], r"bias\[1\] is nan"),
    ],
)
def test_numpy_refuses_a_head_with_numbers_that_are_none(name: str, spoilt: Any, words: str) -> None:
    given = {"hidden": [[1.0, 0.0], [0.0, 0.0]], "weight": [[0.0, 0.0], [0.0, 1.0]], "labels": [0, 1], name: spoilt}
    with pytest.raises(ValuesError, match=words):
        NUMPY.run("linear_cross_entropy", **given)


def test_float_labels_of_whole_numbers_are_told_how_heads_are_made(backend: Backend) -> None:
    given = {"hidden": [[1.0]] * 2, "weight": [[1.0]] * 3, "labels": [[-1.0, 0.0, 1.0]] * 2}
    with pytest.raises(ValuesError, match="one number per label cannot choose between classes"):
        backend.run("linear_cross_entropy", **given)


def test_options_are_those_of_cross_entropy_but_for_what_a_head_decides() -> None:
    own, wanted = (set(inspect.signature(f).parameters) for f in (linear_cross_entropy, cross_entropy))
    assert own - wanted == {"hidden", "weight", "bias"}
    assert wanted - own == {"logits", "class_axis", "from_logits"}


def test_loss_sum_takes_it() -> None:
    given = TORCH.arrays(HEAD | {"labels": LABELS, "mask": MASK})
    hidden, weight, labels = given.pop("hidden"), given.pop("weight"), given.pop("labels")
    found = loss_sum(linear_cross_entropy, hidden, weight, labels, **given).mean()
    assert found == linear_cross_entropy(hidden, weight, labels, **given)


def test_loss_sum_of_numpy_takes_it() -> None:
    found = NUMPY.losses.loss_sum(NUMPY.losses.linear_cross_entropy, [[0.0]], [[1.0]] * 4, [0])
    assert float(found.sum) == pytest.approx(math.log(4))


def test_the_module_is_the_function_with_its_options_stored() -> None:
    options = {"ignore_index": 9, "label_values": (-1, 0, 1), "label_smoothing": 0.1, "reduction": "sequence_mean"}
    weights = torch.tensor([1.0, 2.0, 0.5])
    module = LinearCrossEntropyLoss(class_weight=weights, **options)  # type: ignore[arg-type]
    given = {name: array.float() for name, array in TORCH.arrays(HEAD).items()}
    labels = (torch.tensor(LABELS) - 1).masked_fill(~torch.tensor(MASK), 9)
    found = module(given["hidden"], given["weight"], labels, bias=given["bias"], denominator=2)
    wanted = linear_cross_entropy(
        given["hidden"], given["weight"], labels, bias=given["bias"], class_weight=weights, denominator=2, **options
    )  # type: ignore[arg-type]
    assert found == wanted
    assert module.state_dict() == {}


def test_an_unknown_option_is_asked_about() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'bias'"):
        NUMPY.losses.linear_cross_entropy([[1.0]], [[1.0]], [0], biass=[1.0])
