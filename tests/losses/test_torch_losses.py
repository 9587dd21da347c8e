"""What only torch has: its own cross-entropy, low precision, compilation, transforms, modules."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import torch
from loss_cases import BINARY_CASES, CLASS_CASES, TORCH, Case
from torch.nn import functional

import seqwise.losses.torch
from seqwise.errors import ConfigError, SoftmaxTwiceWarning, ValuesError
from seqwise.losses.torch import (
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    FocalLoss,
    LinearCrossEntropyLoss,
    LossSum,
    OrdinalLoss,
    binary_cross_entropy,
    cross_entropy,
    focal_loss,
    linear_cross_entropy,
    loss_sum,
    ordinal_loss,
)


def random(*sizes: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


def indices(below: int, *sizes: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(below, sizes, generator=torch.Generator().manual_seed(seed))


def case_named(name: str) -> Case:
    return next(case for case in CLASS_CASES if case.name == name)


LOGITS, LABELS, MASK = random(3, 5, 4), indices(4, 3, 5), indices(2, 3, 5, seed=2).bool()
WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 3.0])

TORCH_OPTIONS = list(
    itertools.product(["none", "sum", "mean"], [None, WEIGHTS], [0.0, 0.1], [None, -100, 2], [False, True])
)


@pytest.mark.parametrize(("reduction", "weight", "smoothing", "ignore_index", "second"), TORCH_OPTIONS)
def test_index_labels_cost_what_torch_says(
    reduction: str, weight: torch.Tensor | None, smoothing: float, ignore_index: int | None, second: bool
) -> None:
    labels = LABELS.masked_fill(~MASK, ignore_index) if ignore_index == -100 else LABELS
    logits = LOGITS.movedim(-1, 1)
    found = cross_entropy(
        logits if second else LOGITS,
        labels,
        class_axis=1 if second else -1,
        class_weight=weight,
        label_smoothing=smoothing,
        ignore_index=ignore_index,
        reduction=reduction,  # type: ignore[arg-type]
    )
    wanted = functional.cross_entropy(
        logits,
        labels,
        weight=weight,
        label_smoothing=smoothing,
        ignore_index=-1 if ignore_index is None else ignore_index,
        reduction=reduction,
    )
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("pos_weight", [None, torch.tensor([0.5, 2.0, 1.0, 3.0])])
def test_yes_or_no_labels_cost_what_torch_says(reduction: Any, pos_weight: torch.Tensor | None) -> None:
    labels = indices(2, 3, 5, 4).float()
    found = binary_cross_entropy(LOGITS, labels, pos_weight=pos_weight, reduction=reduction)
    wanted = functional.binary_cross_entropy_with_logits(LOGITS, labels, pos_weight=pos_weight, reduction=reduction)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64])
def test_labels_may_be_any_integers(dtype: torch.dtype) -> None:
    found = cross_entropy(LOGITS, LABELS.to(dtype))
    torch.testing.assert_close(found, cross_entropy(LOGITS, LABELS), rtol=0, atol=0)


def test_ignore_index_of_unsigned_labels_does_not_wrap_around() -> None:
    labels = torch.tensor([255, 1], dtype=torch.uint8)
    with pytest.raises(ValuesError, match=r"labels\[0\] is 255"):
        cross_entropy(random(2, 4), labels, ignore_index=-1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("loss", [cross_entropy, binary_cross_entropy])
def test_half_precision_logits_give_a_float32_loss_and_half_precision_gradients(loss: Any, dtype: torch.dtype) -> None:
    logits = LOGITS.to(dtype).requires_grad_()
    found = loss(logits, LABELS if loss is cross_entropy else indices(2, 3, 5, 4))
    found.backward()
    assert found.dtype == torch.float32
    assert logits.grad is not None
    assert logits.grad.dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_many_half_precision_rows_are_summed_exactly_enough(dtype: torch.dtype, reduction: Any) -> None:
    rows = 70_000
    found = cross_entropy(torch.zeros(rows, 2, dtype=dtype), torch.zeros(rows, dtype=torch.long), reduction=reduction)
    wanted = math.log(2) * (rows if reduction == "sum" else 1)
    assert float(found) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_errs_no_more_than_torch_does(dtype: torch.dtype) -> None:
    logits, labels = random(2000, 4).mul(3).to(dtype), indices(4, 2000)
    exact = functional.cross_entropy(logits.double(), labels)
    ours = (cross_entropy(logits, labels).double() - exact).abs()
    theirs = (functional.cross_entropy(logits, labels).double() - exact).abs()
    assert ours <= theirs + 1e-6


def test_float64_logits_give_a_float64_loss() -> None:
    assert cross_entropy(LOGITS.double(), LABELS, class_weight=WEIGHTS).dtype == torch.float64


COMPILED = [
    ("one label per step", "mean"),
    ("every option", "sequence_mean"),
    ("label values out of order with a missing label", "per_output"),
    ("smoothing and class weights", "batch_mean"),
    ("probabilities", "none"),
]


@pytest.fixture
def compiler() -> Iterator[None]:
    """Compiled code is kept for each function and limited in number: start and leave with none."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize(("name", "reduction"), COMPILED)
def test_the_whole_of_cross_entropy_compiles_to_one_graph(name: str, reduction: str) -> None:
    case = case_named(name)
    given = TORCH.arrays({"logits": case.logits, "labels": case.labels, **case.options, "reduction": reduction})
    logits, labels = given.pop("logits").requires_grad_(), given.pop("labels")
    compiled = torch.compile(cross_entropy, fullgraph=True, backend="aot_eager")
    found, wanted = compiled(logits, labels, **given), cross_entropy(logits, labels, **given)
    torch.testing.assert_close(found, wanted)
    gradients = [torch.autograd.grad(value.sum(), logits)[0] for value in (found, wanted)]
    torch.testing.assert_close(*gradients)


@pytest.mark.usefixtures("compiler")
def test_one_compiled_graph_serves_batches_of_all_sizes() -> None:
    compiled = torch.compile(cross_entropy, fullgraph=True, backend="aot_eager", dynamic=True)
    for batch, time, stance in ((2, 3, "default"), (5, 7, "fail_on_recompile"), (6, 9, "fail_on_recompile")):
        logits, labels, lengths = random(batch, time, 4), indices(4, batch, time), indices(time, batch) + 1
        with torch.compiler.set_stance(stance):
            found = compiled(logits, labels, lengths=lengths)
        torch.testing.assert_close(found, cross_entropy(logits, labels, lengths=lengths))


@pytest.mark.usefixtures("compiler")
def test_binary_cross_entropy_and_loss_sum_compile_to_one_graph() -> None:
    labels = indices(3, 3, 5, 4) - 1

    def both(logits: torch.Tensor) -> torch.Tensor:
        total = loss_sum(binary_cross_entropy, logits, labels, ignore_index=-1)
        return (total + total).mean()

    found = torch.compile(both, fullgraph=True, backend="aot_eager")(LOGITS)
    torch.testing.assert_close(found, binary_cross_entropy(LOGITS, labels, ignore_index=-1))


@pytest.mark.usefixtures("compiler")
def test_a_denominator_may_be_a_number_or_a_tensor_in_a_compiled_graph() -> None:
    compiled = torch.compile(cross_entropy, fullgraph=True, backend="aot_eager")
    wanted = cross_entropy(LOGITS, LABELS, reduction="sum") / 7.5
    for denominator in (7.5, torch.tensor(7.5)):
        torch.testing.assert_close(compiled(LOGITS, LABELS, denominator=denominator), wanted)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("loss", [cross_entropy, focal_loss, ordinal_loss])
@pytest.mark.parametrize("name", ["every option", "label values out of order with a missing label"])
def test_a_gpu_is_never_waited_for(name: str, loss: Any) -> None:
    case = case_named(name)
    given = TORCH.arrays({"logits": case.logits, "labels": case.labels, **case.options, "denominator": 7.5})
    on_gpu = {key: value.cuda() if isinstance(value, torch.Tensor) else value for key, value in given.items()}
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = loss(on_gpu.pop("logits").requires_grad_(), on_gpu.pop("labels"), **on_gpu)
        found.backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.testing.assert_close(found.cpu(), loss(given.pop("logits"), given.pop("labels"), **given))


def test_autocast_changes_nothing() -> None:
    wanted = cross_entropy(LOGITS, LABELS, class_weight=WEIGHTS, label_smoothing=0.1, mask=MASK)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = cross_entropy(LOGITS, LABELS, class_weight=WEIGHTS, label_smoothing=0.1, mask=MASK)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)


def test_vmap_over_examples_equals_a_loop() -> None:
    found = torch.func.vmap(lambda z, y: cross_entropy(z, y, label_values=(3, 2, 1, 0)))(LOGITS, LABELS)
    wanted = torch.stack([cross_entropy(z, y, label_values=(3, 2, 1, 0)) for z, y in zip(LOGITS, LABELS, strict=True)])
    torch.testing.assert_close(found, wanted)


def test_a_single_example_has_one_label() -> None:
    found = torch.func.vmap(cross_entropy)(LOGITS[0], LABELS[0])
    torch.testing.assert_close(found, cross_entropy(LOGITS[0], LABELS[0], reduction="none"))


def test_functional_gradients_equal_autograd() -> None:
    logits = LOGITS.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(cross_entropy(logits, LABELS, mask=MASK), logits)
    torch.testing.assert_close(torch.func.grad(lambda z: cross_entropy(z, LABELS, mask=MASK))(LOGITS), wanted)


@pytest.mark.usefixtures("compiler")
def test_a_wrong_label_that_nobody_looked_at_is_no_silent_loss() -> None:
    compiled = torch.compile(cross_entropy, fullgraph=True, backend="aot_eager")
    for label_values, wrong in ((None, -100), ((-1, 0, 1, 2), -100), ((5, 0, 1, 2), 4)):
        with pytest.raises((IndexError, RuntimeError)):
            compiled(random(2, 4), torch.tensor([wrong, 1]), label_values=label_values)


def test_options_may_be_plain_lists() -> None:
    found = cross_entropy(LOGITS, LABELS, lengths=[5, 0, 2], class_weight=[0.5, 2.0, 1.0, 3.0])  # type: ignore[arg-type]
    wanted = cross_entropy(LOGITS, LABELS, lengths=torch.tensor([5, 0, 2]), class_weight=WEIGHTS)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)


def test_logits_on_the_meta_device_give_a_loss_without_numbers() -> None:
    found = cross_entropy(torch.empty(2, 3, device="meta"), torch.empty(2, dtype=torch.long, device="meta"))
    assert found.shape == ()


def test_inputs_are_left_as_they_were() -> None:
    case = case_named("every option")
    given = TORCH.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    before = {name: value.clone() for name, value in given.items() if isinstance(value, torch.Tensor)}
    cross_entropy(given.pop("logits"), given.pop("labels"), **given).item()
    again = TORCH.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    for name, value in before.items():
        torch.testing.assert_close(again[name], value, rtol=0, atol=0)


def test_the_module_is_the_function_with_its_options_stored() -> None:
    module = CrossEntropyLoss(
        class_axis=1,
        ignore_index=-1,
        label_values=(7, 0, 5, 1),
        class_weight=WEIGHTS,
        label_smoothing=0.1,
        reduction="sequence_mean",
    )
    labels = torch.tensor([7, 0, 5, 1])[LABELS].masked_fill(~MASK, -1)
    lengths, sample_weight = torch.tensor([5, 3, 4]), random(3, 5, seed=3).exp()
    found = module(LOGITS.movedim(-1, 1), labels, lengths=lengths, sample_weight=sample_weight, denominator=2.0)
    wanted = cross_entropy(
        LOGITS,
        LABELS,
        mask=MASK,
        lengths=lengths,
        class_weight=WEIGHTS,
        sample_weight=sample_weight,
        label_smoothing=0.1,
        reduction="sequence_mean",
        denominator=2.0,
    )
    torch.testing.assert_close(found, wanted)


def test_the_yes_or_no_module_is_the_function_with_its_options_stored() -> None:
    module = BinaryCrossEntropyLoss(ignore_index=-1, pos_weight=WEIGHTS, label_smoothing=0.2, reduction="per_output")
    labels = indices(3, 3, 5, 4) - 1
    options = {"mask": MASK, "lengths": torch.tensor([1, 5, 4]), "sample_weight": torch.tensor([1.0, 2.0, 3.0])}
    found = module(LOGITS, labels, **options, denominator=4)
    wanted = binary_cross_entropy(
        LOGITS,
        labels,
        ignore_index=-1,
        pos_weight=WEIGHTS,
        label_smoothing=0.2,
        reduction="per_output",
        denominator=4,
        **options,  # type: ignore[arg-type]
    )
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)


@pytest.mark.parametrize("module", [CrossEntropyLoss(from_logits=False), BinaryCrossEntropyLoss(from_logits=False)])
def test_modules_take_probabilities_when_told(module: torch.nn.Module) -> None:
    labels = torch.tensor([0]) if isinstance(module, CrossEntropyLoss) else torch.tensor([[True, False]])
    assert float(module(torch.tensor([[0.25, 0.75]]), labels)) == pytest.approx(math.log(4))


def test_the_weights_of_a_module_move_with_it_and_are_not_saved() -> None:
    module = CrossEntropyLoss(class_weight=WEIGHTS).to(torch.float64)
    assert module.class_weight is not None
    assert module.class_weight.dtype == torch.float64
    assert module.state_dict() == {}


def test_loss_sums_add_up_from_0() -> None:
    parts = [LossSum(torch.tensor(1.0), torch.tensor(2.0)), LossSum(torch.tensor(5.0), torch.tensor(1.0))]
    total = sum(parts)
    assert isinstance(total, LossSum)
    assert (float(total.sum), float(total.count), float(total.mean())) == (6.0, 3.0, 2.0)


def test_a_loss_sum_adds_only_to_its_like() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        1 + LossSum(torch.tensor(1.0), torch.tensor(1.0))


def test_a_loss_sum_without_count_has_mean_0_and_a_gradient() -> None:
    total = torch.tensor(3.0, requires_grad=True)
    LossSum(total, torch.tensor(0.0)).mean().backward()
    assert total.grad == 0


def test_loss_sum_knows_its_losses() -> None:
    with pytest.raises(ConfigError) as caught:
        loss_sum(functional.cross_entropy, LOGITS, LABELS)
    assert str(caught.value) == (
        "loss_sum: torch.nn.functional.cross_entropy is not a loss of seqwise.losses.torch\n"
        "  expected: one of 'cross_entropy', 'focal_loss', 'ordinal_loss', 'linear_cross_entropy', "
        "'binary_cross_entropy', 'crf_nll'"
    )


def test_loss_sum_takes_functions() -> None:
    with pytest.raises(ConfigError, match=r"loss_sum: CrossEntropyLoss\(\) is not a loss of seqwise.losses.torch"):
        loss_sum(CrossEntropyLoss(), LOGITS, LABELS)


@pytest.mark.parametrize("name", ["reduction", "denominator"])
def test_loss_sum_has_no_reduction(name: str) -> None:
    with pytest.raises(ConfigError, match=f"loss_sum: {name} has no meaning here, since nothing is divided yet"):
        loss_sum(cross_entropy, LOGITS, LABELS, **{name: "mean"})


@pytest.mark.parametrize("case", [case for case in BINARY_CASES if "lengths" in case.options], ids=lambda c: c.name)
def test_the_mean_of_loss_sum_is_exactly_the_mean_of_yes_or_no(case: Case) -> None:
    given = TORCH.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    logits, labels = given.pop("logits"), given.pop("labels")
    found = loss_sum(binary_cross_entropy, logits, labels, **given).mean()
    assert float(found) == float(binary_cross_entropy(logits, labels, **given))


def test_softmax_applied_twice_is_warned_about_at_the_line_of_the_call() -> None:
    with pytest.warns(SoftmaxTwiceWarning, match="look like probabilities already") as caught:
        cross_entropy(LOGITS.softmax(-1), LABELS)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("class_axis", [-1, 1])
def test_softmax_applied_twice_is_seen_on_what_counts(class_axis: int) -> None:
    probabilities = LOGITS.softmax(-1).masked_fill(~MASK.unsqueeze(-1), math.nan).movedim(-1, class_axis)
    with pytest.warns(SoftmaxTwiceWarning, match="pass from_logits=False"):
        cross_entropy(probabilities, LABELS, mask=MASK, class_axis=class_axis)


def test_logits_between_0_and_1_are_not_warned_about() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cross_entropy(LOGITS.sigmoid(), LABELS)
        cross_entropy(torch.ones(2, 1), torch.zeros(2, dtype=torch.long))


def test_one_row_that_is_no_distribution_is_enough_to_stay_silent() -> None:
    logits = LOGITS.softmax(-1)
    logits[2, 4] += 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cross_entropy(logits, LABELS)


def test_nan_logits_go_through_to_a_nan_loss() -> None:
    assert cross_entropy(torch.tensor([[math.nan, 0.0]]), torch.tensor([0])).isnan()


OTHERS = {"focal": focal_loss, "focal of gamma 0.5": partial(focal_loss, gamma=0.5), "ordinal": ordinal_loss}
"""The losses over classes next to cross-entropy; they share its code but for the cost of a class."""


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("loss", [focal_loss, ordinal_loss])
def test_half_precision_logits_cost_what_their_float64_values_cost(loss: Any, dtype: torch.dtype) -> None:
    logits = LOGITS.mul(5).to(dtype).requires_grad_()
    found = loss(logits, LABELS, mask=MASK, class_weight=WEIGHTS, label_smoothing=0.1)
    (gradient,) = torch.autograd.grad(found, logits)
    assert (found.dtype, gradient.dtype) == (torch.float32, dtype)
    exact = loss(logits.detach().double(), LABELS, mask=MASK, class_weight=WEIGHTS, label_smoothing=0.1)
    assert found.item() == pytest.approx(float(exact), rel=1e-6)


@pytest.mark.parametrize("loss", OTHERS.values(), ids=OTHERS)
def test_autocast_changes_none_of_the_losses_over_classes(loss: Any) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(LOGITS, LABELS, mask=MASK)
    torch.testing.assert_close(found, loss(LOGITS, LABELS, mask=MASK), rtol=0, atol=0)


def test_autocast_makes_the_head_of_linear_cross_entropy_half_precision_and_the_loss_float32() -> None:
    hidden, weight = random(3, 5, 8), random(4, 8, seed=5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = linear_cross_entropy(hidden, weight, LABELS, mask=MASK)
        wanted = cross_entropy(functional.linear(hidden, weight), LABELS, mask=MASK)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("loss", OTHERS.values(), ids=OTHERS)
def test_the_whole_of_every_loss_over_classes_compiles_to_one_graph(loss: Any) -> None:
    options = {"mask": MASK, "class_weight": WEIGHTS, "label_smoothing": 0.1, "reduction": "sequence_mean"}
    logits = LOGITS.clone().requires_grad_()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    found, wanted = compiled(logits, LABELS, **options), loss(logits, LABELS, **options)
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(torch.autograd.grad(found, logits), torch.autograd.grad(wanted, logits))


@pytest.mark.usefixtures("compiler")
def test_the_whole_of_linear_cross_entropy_compiles_to_one_graph() -> None:
    module = LinearCrossEntropyLoss(class_weight=WEIGHTS, label_smoothing=0.1)
    hidden, head = random(3, 5, 8), torch.nn.Linear(8, 4)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    found, wanted = (loss(hidden, head.weight, LABELS, bias=head.bias, mask=MASK) for loss in (compiled, module))
    torch.testing.assert_close(found, wanted)
    parameters = list(head.parameters())
    torch.testing.assert_close(torch.autograd.grad(found, parameters), torch.autograd.grad(wanted, parameters))


@pytest.mark.parametrize("loss", OTHERS.values(), ids=OTHERS)
def test_gradients_of_each_example_by_vmap_of_grad(loss: Any) -> None:
    found = torch.func.vmap(torch.func.grad(loss))(LOGITS, LABELS)
    logits = LOGITS.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(loss(logits, LABELS, reduction="sum") / LABELS.shape[1], logits)
    torch.testing.assert_close(found, wanted)


def test_functional_gradients_of_a_head_equal_autograd() -> None:
    hidden, weight = random(3, 5, 8), random(4, 8, seed=5).requires_grad_()
    (wanted,) = torch.autograd.grad(linear_cross_entropy(hidden, weight, LABELS, mask=MASK), weight)
    found = torch.func.grad(lambda w: linear_cross_entropy(hidden, w, LABELS, mask=MASK))(weight.detach())
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(
    ("module", "loss", "own"), [(FocalLoss, focal_loss, {"gamma": 0.5}), (OrdinalLoss, ordinal_loss, {})]
)
def test_modules_of_losses_over_classes_store_their_options(module: Any, loss: Any, own: dict[str, Any]) -> None:
    options = {
        **own,
        "class_axis": 1,
        "ignore_index": -1,
        "label_values": (7, 0, 5, 1),
        "class_weight": WEIGHTS,
        "label_smoothing": 0.1,
        "from_logits": False,
        "reduction": "sequence_mean",
    }
    labels = torch.tensor([7, 0, 5, 1])[LABELS].masked_fill(~MASK, -1)
    given = {"lengths": torch.tensor([5, 3, 4]), "sample_weight": random(3, 5, seed=3).exp(), "denominator": 2.0}
    probabilities = LOGITS.softmax(-1).movedim(-1, 1)
    found = module(**options)(probabilities, labels, **given)
    torch.testing.assert_close(found, loss(probabilities, labels, **options, **given), rtol=0, atol=0)


@pytest.mark.parametrize(
    "module", [CrossEntropyLoss, FocalLoss, OrdinalLoss, LinearCrossEntropyLoss, BinaryCrossEntropyLoss]
)
def test_modules_ask_about_unknown_options(module: Any) -> None:
    problem = f"{module.__name__}: there is no option "
    with pytest.raises(ConfigError, match=rf"{problem}'lable_smoothing'(?s:.)*Did you mean 'label_smoothing'\?"):
        module(lable_smoothing=0.1)
    with pytest.raises(ConfigError, match=rf"{problem}'length'(?s:.)*Did you mean 'lengths'\?"):
        module()(LOGITS, LABELS, length=[1])


@pytest.mark.parametrize("name", ["cross_entropy", "focal_loss", "ordinal_loss"])
@pytest.mark.parametrize("case", [case_named(c) for c in ("outputs", "every option", "lengths")], ids=lambda c: c.name)
def test_float32_is_exact_to_a_millionth(case: Case, name: str) -> None:
    given = TORCH.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    floats = [key for key, value in given.items() if torch.is_tensor(value) and value.is_floating_point()]
    small = given | {key: given[key].float() for key in floats}
    exact = given | {key: small[key].double() for key in floats}
    loss = getattr(seqwise.losses.torch, name)
    assert float(loss(**small)) == pytest.approx(float(loss(**exact)), rel=1e-6)
