"""The fast paths of torch's cross-entropy give what the plain path gives: values, gradients, second gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from loss_cases import CLASS_CASES, REDUCTIONS, TORCH, Case
from torch import Tensor

from seqwise.losses._kernels.cross_entropy import compiled
from seqwise.losses.torch import LossSum, _chunks, _fused, cross_entropy, linear_cross_entropy, loss_sum
from seqwise.losses.torch import _linear_cross_entropy as _linear

NEEDS_C = pytest.mark.skipif(compiled() is None, reason="nothing was compiled")
LOGIT_CASES = [case for case in CLASS_CASES if case.options.get("from_logits", True)]
FINITE = [case for case in LOGIT_CASES if all(map(math.isfinite, torch.tensor(case.logits).flatten().tolist()))]


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


def indices(below: int, *sizes: int, seed: int = 1) -> Tensor:
    return torch.randint(below, sizes, generator=torch.Generator().manual_seed(seed))


def small(case: Case) -> dict[str, Any]:
    """The call of a case in float32."""
    given = TORCH.arrays({"logits": case.logits, "labels": case.labels, **case.options})
    return {name: t.float() if torch.is_tensor(t) and t.is_floating_point() else t for name, t in given.items()}


def value_and_gradients(loss: Callable[..., Any], *inputs: Tensor) -> list[Tensor]:
    """A loss and its gradients, for an upstream that is no constant."""
    at = [tensor.detach().clone(memory_format=torch.preserve_format).requires_grad_() for tensor in inputs]
    found = loss(*at)
    found = found.sum if isinstance(found, LossSum) else found
    upstream = torch.linspace(0.5, 1.5, found.numel()).reshape(found.shape)
    return [found.detach(), *torch.autograd.grad(found, at, upstream)]


@pytest.fixture
def on_plain_path(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Tensor]]:
    """What `value_and_gradients` gives when nothing is compiled and no logits are too many."""

    def plain(loss: Callable[..., Any], *inputs: Tensor) -> list[Tensor]:
        with monkeypatch.context() as patch:
            patch.setattr(_fused, "compiled", lambda: None)
            patch.setattr(_linear, "WHOLE_BYTES", 1 << 60)
            return value_and_gradients(loss, *inputs)

    return plain


@pytest.fixture
def _no_plain_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the plain path of logits an error."""

    def fail(*arguments: Any, **options: Any) -> None:
        raise AssertionError("this call has a fast path")

    monkeypatch.setattr("seqwise.losses.torch._torch_losses.class_terms", fail)
    monkeypatch.setattr("seqwise.losses.torch._linear_cross_entropy.linear_logits", fail)


def agree(found: list[Tensor], wanted: list[Tensor], **tolerance: float) -> None:
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, equal_nan=True, **(tolerance or {"rtol": 1e-5, "atol": 2e-6}))


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "loss_sum"])
@pytest.mark.parametrize("case", LOGIT_CASES, ids=named)
def test_every_case_is_that_of_the_plain_path(case: Case, reduction: str, on_plain_path: Any) -> None:
    given = small(case)
    logits = given.pop("logits")
    if reduction == "per_output" and given["labels"].dim() < 2:
        pytest.skip("has no outputs")

    def loss(logits: Tensor) -> Any:
        if reduction == "loss_sum":
            return loss_sum(cross_entropy, logits, **given)
        return cross_entropy(logits, reduction=reduction, **given)  # type: ignore[arg-type]

    agree(value_and_gradients(loss, logits), on_plain_path(loss, logits))


SHAPES = [
    (4, 3),
    (8, 47, 3),
    (5, 7, 17),
    (3, 40, 15),
    (3, 20, 16),
    (3, 5, 31),
    (2, 9, 33),
    (2, 9, 100),
    (3, 5, 1000),
    (2, 3, 4, 5),
]


@NEEDS_C
@pytest.mark.usefixtures("_no_plain_path")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", ["last", "second", "second, classes side by side", "a part of more steps"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_layout_has_the_loss_of_its_float64_logits(
    shape: tuple[int, ...], layout: str, dtype: torch.dtype
) -> None:
    *positions, classes = shape
    labels, counts = indices(classes, *positions), random(*positions, seed=2) < 0.5
    logits = random(*shape).mul(3).to(dtype)
    axis = -1 if layout in ("last", "a part of more steps") else 1
    if layout == "second":
        logits = logits.movedim(-1, 1).contiguous()
    elif layout == "second, classes side by side":
        logits = logits.movedim(-1, 1)

    def loss(logits: Tensor) -> Tensor:
        return cross_entropy(logits, labels, mask=counts, class_axis=axis)

    spoilt = logits.masked_fill(~counts.unsqueeze(axis), math.nan)
    if layout == "a part of more steps":
        spoilt = torch.cat([spoilt, spoilt], 1)[:, : shape[1]] if len(shape) > 2 else spoilt
    exact = logits.double().requires_grad_()
    rows = exact.movedim(axis, -1)[counts].log_softmax(-1)
    wanted = -rows.gather(-1, labels[counts].unsqueeze(-1)).mean()
    (slope,) = torch.autograd.grad(wanted, exact)
    at = spoilt.detach().requires_grad_()
    found = loss(at)
    found.backward()
    assert at.grad is not None
    assert at.grad.dtype == dtype
    torch.testing.assert_close(found.double(), wanted.detach(), rtol=1e-6, atol=1e-6)
    tolerance = {"rtol": 1e-5, "atol": 1e-7} if dtype == torch.float32 else {"rtol": 2**-8, "atol": 1e-6}
    torch.testing.assert_close(at.grad.double(), slope, **tolerance)
    assert not at.grad.movedim(axis, -1)[~counts].any()


@NEEDS_C
@pytest.mark.usefixtures("_no_plain_path")
def test_the_fast_path_takes_every_option() -> None:
    for reduction in REDUCTIONS:
        cross_entropy(
            random(3, 5, 4),
            indices(4, 3, 5) - 1,
            lengths=[5, 2, 0],  # type: ignore[arg-type]
            mask=torch.ones(3, 1, dtype=torch.bool),
            ignore_index=2,
            label_values=(-1, 0, 1, 2),
            class_weight=random(5, 4).exp(),
            sample_weight=torch.ones(3),
            label_smoothing=0.1,
            reduction=reduction,  # type: ignore[arg-type]
        )


@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "sequence_mean"])
def test_second_gradients_are_those_of_the_plain_path(reduction: Any) -> None:
    labels, direction = indices(4, 3, 5), random(3, 5, 4, seed=3)

    def second(logits: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
        (slope,) = torch.autograd.grad(loss(logits).sum(), logits, create_graph=True)
        return torch.autograd.grad((slope * direction.to(slope)).sum(), logits)[0]

    found, wanted = (
        second(random(3, 5, 4).to(dtype).requires_grad_(), lambda z: cross_entropy(z, labels, reduction=reduction))
        for dtype in (torch.float32, torch.float64)
    )
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-6)


def test_a_graph_may_be_used_twice() -> None:
    logits = random(3, 5, 4).requires_grad_()
    loss = cross_entropy(logits, indices(4, 3, 5)) * 3
    first, second = (torch.autograd.grad(loss, logits, retain_graph=True)[0] for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_logits_that_were_changed_since_are_noticed() -> None:
    logits = random(3, 4).requires_grad_() * 1
    loss = cross_entropy(logits, indices(4, 3))
    logits.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_many_gradients_at_once() -> None:
    logits, labels = random(6, 4), indices(4, 6)
    found = torch.autograd.functional.jacobian(
        lambda z: cross_entropy(z, labels, reduction="none"), logits, vectorize=True
    )
    wanted = torch.autograd.functional.jacobian(
        lambda z: cross_entropy(z, labels, reduction="none"), logits, vectorize=False
    )
    torch.testing.assert_close(found, wanted)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's own use of it
def test_a_directional_derivative_in_forward_mode() -> None:
    logits, direction, labels = random(6, 4), random(6, 4, seed=5), indices(4, 6)
    _, found = torch.func.jvp(lambda z: cross_entropy(z, labels), (logits,), (direction,))
    at = logits.clone().requires_grad_()
    (slope,) = torch.autograd.grad(cross_entropy(at, labels), at)
    torch.testing.assert_close(found, (slope * direction).sum())


def test_label_values_that_equal_others_of_another_type_are_told_apart() -> None:
    """True is 1 and 1.0 is 1 for a dictionary."""
    logits, labels = random(2, 2), torch.tensor([0, 1])
    cross_entropy(logits, labels, label_values=(0, 1), ignore_index=1)
    with pytest.raises(ValueError, match="integers"):
        cross_entropy(logits, labels, label_values=(0.0, 1.0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="integers"):
        cross_entropy(logits, labels, label_values=(0, 1), ignore_index=1.0)  # type: ignore[arg-type]


@pytest.fixture(params=["compiled", "torch"])
def _in_chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every head is large, and a chunk has some rows."""
    monkeypatch.setattr(_linear, "WHOLE_BYTES", -1)
    monkeypatch.setattr(_chunks, "CHUNK_BYTES", 200)
    monkeypatch.setattr(_chunks, "HALF_BYTES", 200)
    if request.param == "torch":
        monkeypatch.setattr(_linear, "compiled", lambda: None)
    elif compiled() is None:
        pytest.skip("nothing was compiled")


def head(case: Case, outputs: bool, dtype: torch.dtype = torch.float32) -> tuple[dict[str, Any], list[Tensor]]:
    given = small(case)
    *sizes, classes = given.pop("logits").shape
    own = (sizes.pop(),) if outputs else ()
    tensors = [random(*sizes, 5, seed=51), random(*own, classes, 5, seed=52), random(*own, classes, seed=53)]
    return given, [tensor.to(dtype) for tensor in tensors]


@pytest.mark.usefixtures("_in_chunks")
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("outputs", [False, True])
@pytest.mark.parametrize("case", FINITE, ids=named)
def test_chunks_give_what_all_logits_give(case: Case, outputs: bool, reduction: Any, on_plain_path: Any) -> None:
    given, tensors = head(case, False)
    if given["labels"].dim() < 2 and (outputs or reduction == "per_output"):
        pytest.skip("has no outputs")
    given, tensors = head(case, outputs)

    def loss(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return linear_cross_entropy(hidden, weight, bias=bias, reduction=reduction, **given)

    agree(value_and_gradients(loss, *tensors), on_plain_path(loss, *tensors))


@pytest.mark.usefixtures("_in_chunks")
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_chunks_in_other_types_err_no_more_than_all_logits(dtype: torch.dtype, on_plain_path: Any) -> None:
    labels, weights = indices(9, 40), random(9).exp()
    tensors = [random(40, 5), random(9, 5), random(9)]

    def loss(*head: Tensor) -> Tensor:
        hidden, weight, bias = head
        return linear_cross_entropy(hidden, weight, labels, bias=bias, class_weight=weights.to(hidden.dtype))

    exact = on_plain_path(loss, *[tensor.to(dtype).double() for tensor in tensors])
    for path in (value_and_gradients, on_plain_path):
        found = path(loss, *[tensor.to(dtype) for tensor in tensors])
        tolerance = 1e-12 if dtype == torch.float64 else 1e-2
        agree([tensor.double() for tensor in found], exact, rtol=tolerance, atol=tolerance)


@pytest.mark.usefixtures("_in_chunks")
@pytest.mark.parametrize("reduction", ["mean", "sequence_mean"])
def test_gradients_of_chunks_follow_whatever_comes_back(reduction: Any) -> None:
    """A multiple of what was expected, twice, and something else."""
    labels, hidden, weight = indices(9, 4, 5), random(4, 5, 3).requires_grad_(), random(9, 3, seed=7).requires_grad_()
    losses = linear_cross_entropy(hidden, weight, labels, reduction=reduction)
    exact = linear_cross_entropy(hidden.double(), weight.double(), labels, reduction=reduction)
    for factor in (1.0, -2.5, 0.0):
        found = torch.autograd.grad(losses, (hidden, weight), torch.tensor(factor), retain_graph=True)
        wanted = torch.autograd.grad(exact, (hidden, weight), torch.tensor(factor).double(), retain_graph=True)
        agree(list(found), list(wanted))


@pytest.mark.usefixtures("_in_chunks")
def test_second_gradients_of_chunks_are_those_of_all_logits() -> None:
    labels, direction = indices(9, 6), random(9, 3, seed=3)

    def second(dtype: torch.dtype) -> Tensor:
        hidden, weight = random(6, 3).to(dtype), random(9, 3, seed=7).to(dtype).requires_grad_()
        (slope,) = torch.autograd.grad(linear_cross_entropy(hidden, weight, labels), weight, create_graph=True)
        return torch.autograd.grad((slope * direction.to(slope)).sum(), weight)[0]

    torch.testing.assert_close(second(torch.float32), second(torch.float64).float(), rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("_in_chunks", "_no_plain_path")
def test_rows_that_do_not_count_are_never_read_by_chunks() -> None:
    hidden = random(4, 5, 3)
    hidden[:, 3:] = math.nan
    hidden.requires_grad_()
    weight = random(9, 3, seed=7).requires_grad_()
    linear_cross_entropy(hidden, weight, indices(9, 4, 5), lengths=torch.full((4,), 3)).backward()
    assert hidden.grad is not None
    assert weight.grad is not None
    assert weight.grad.isfinite().all()
    assert not hidden.grad[:, 3:].any()
    assert hidden.grad[:, :3].all()


@pytest.mark.usefixtures("_in_chunks", "_no_plain_path")
def test_chunks_without_gradients_give_the_loss() -> None:
    with torch.no_grad():
        found = linear_cross_entropy(random(6, 3), random(9, 3, seed=7), indices(9, 6))
    logits = random(6, 3).double() @ random(9, 3, seed=7).double().t()
    wanted = torch.nn.functional.cross_entropy(logits, indices(9, 6))
    torch.testing.assert_close(found, wanted.float())
