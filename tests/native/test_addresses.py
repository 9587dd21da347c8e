"""The boundary between tensors and compiled code: one place gives addresses, and refuses what C does not read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import seqwise
from seqwise._addresses import UnreadableError, address, dense_strides, require_unchanged, strided_address, versions
from seqwise._readable import is_plain_cpu_tensor
from seqwise.losses.torch import crf_nll, cross_entropy

SOURCES = Path(seqwise.__file__).parent


class Wrapped(Tensor):
    """A tensor of another library."""


def numbers() -> Tensor:
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(0))


def given_back() -> Tensor:
    tensor = numbers()
    tensor.untyped_storage().resize_(0)
    return tensor


def negated() -> Tensor:
    """A view whose memory holds the opposite numbers."""
    tensor = torch.complex(numbers(), -numbers()).conj().imag
    assert tensor.is_neg()
    return tensor


ODD = {
    "negated": negated,
    "zeros without memory": lambda: torch._efficientzerotensor((3, 4)),
    "sparse": lambda: numbers().to_sparse(),
    "meta": lambda: numbers().to("meta"),
    "subclass": lambda: numbers().as_subclass(Wrapped),
    "conjugated": lambda: torch.complex(numbers(), numbers()).conj(),
}


def test_nobody_else_asks_a_tensor_for_its_address() -> None:
    asking = {path.name for path in SOURCES.rglob("*.py") if ".data_ptr(" in path.read_text(encoding="utf-8")}
    assert asking == {"_addresses.py"}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_ordinary_tensor_is_refused(name: str) -> None:
    tensor = ODD[name]()
    assert not is_plain_cpu_tensor(tensor)
    with pytest.raises(UnreadableError, match="expected float32 side by side, got"):
        address(tensor, torch.float32)
    with pytest.raises(UnreadableError, match="expected float32 side by side, got"):
        strided_address(tensor, torch.float32)


def test_ordinary_tensors_are_read() -> None:
    with torch.inference_mode():
        of_inference = numbers()
    leaf = numbers().requires_grad_()
    for tensor in (numbers(), leaf, leaf * 2, torch.nn.Parameter(numbers()), of_inference, numbers()[1:], numbers().T):
        assert is_plain_cpu_tensor(tensor)
        assert strided_address(tensor, torch.float32) == tensor.data_ptr()
    assert address(None, torch.float32) is None
    assert address(torch.empty(0, 4), torch.float32, (0, 4)) == 0


@pytest.mark.parametrize(
    ("tensor", "expected", "text"),
    [
        (numbers().T, (torch.float32, (4, 3)), r"expected float32 \(4, 3\) side by side, got .* strides \(1, 4\)"),
        (numbers()[:, ::2], (torch.float32,), r"strides \(4, 2\)"),
        (
            numbers(),
            (torch.float32, (4, 3)),
            r"emissions: expected float32 \(4, 3\) side by side, got float32 \(3, 4\)",
        ),
        (numbers(), (torch.int64,), "expected int64 side by side, got float32"),
        (given_back(), (torch.float32,), "its memory has been freed"),
    ],
)
def test_what_compiled_code_does_not_expect_is_refused(tensor: Tensor, expected: tuple[Any, ...], text: str) -> None:
    with pytest.raises(UnreadableError, match=text):
        address(tensor, *expected, name="emissions")


def test_strides_without_gaps_keep_the_order_in_memory() -> None:
    for tensor in (numbers(), numbers().T, torch.zeros(2, 3, 4).permute(1, 2, 0), torch.zeros(1, 3)):
        assert dense_strides(tensor.shape, tensor.stride()) == tensor.stride()
    assert dense_strides((3, 4), (0, 1)) == (4, 1)
    assert dense_strides((3, 4), (1, 7)) == (1, 3)


@pytest.mark.parametrize("name", ["negated", "zeros without memory", "subclass"])
def test_losses_of_odd_tensors_are_those_of_ordinary_copies(name: str) -> None:
    odd, labels = ODD[name](), torch.tensor([0, 3, 1])
    plain = torch.empty(3, 4).copy_(odd)
    assert float(cross_entropy(odd, labels)) == pytest.approx(float(cross_entropy(plain, labels)), rel=1e-6)
    found = crf_nll(odd[None], labels[None], torch.zeros(4, 4))
    assert float(found) == pytest.approx(float(crf_nll(plain[None], labels[None], torch.zeros(4, 4))), rel=1e-6)


@pytest.mark.parametrize("name", ["negated", "zeros without memory"])
def test_gradients_that_arrive_as_odd_tensors_are_those_of_ordinary_ones(name: str) -> None:
    upstream, labels = ODD[name]()[:, 0], torch.tensor([0, 3, 1])
    for loss in (
        lambda z: cross_entropy(z, labels, reduction="none"),
        lambda z: crf_nll(z[:, None], labels[:, None], torch.zeros(4, 4), reduction="none"),
    ):
        logits = numbers().requires_grad_()
        (found,) = torch.autograd.grad(loss(logits), logits, upstream)
        (wanted,) = torch.autograd.grad(loss(logits), logits, torch.empty(3).copy_(upstream))
        torch.testing.assert_close(found, wanted)


def test_another_default_device_changes_no_loss_of_tensors_on_the_cpu() -> None:
    logits, labels = numbers().requires_grad_(), torch.tensor([0, 3, 1])
    for loss in (
        lambda: cross_entropy(logits, labels),
        lambda: cross_entropy(logits, labels, reduction="none").sum(),
        lambda: crf_nll(logits[None], labels[None], logits[:1].expand(4, 4)),
    ):
        wanted = torch.autograd.grad(loss(), logits)
        with torch.device("meta"):
            found = torch.autograd.grad(loss(), logits)
        torch.testing.assert_close(found, wanted)


def test_weights_written_to_after_the_loss_are_an_error_and_not_another_gradient() -> None:
    logits, weight = numbers().requires_grad_(), torch.ones(4)
    losses = cross_entropy(logits, torch.tensor([0, 3, 1]), class_weight=weight, reduction="none")
    weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        losses.sum().backward()
    before = versions([weight, None])
    require_unchanged([weight, None], before)


def test_logits_and_labels_may_share_their_memory() -> None:
    space = torch.zeros(6, dtype=torch.int64)
    logits, labels = space.view(torch.float32).view(3, 4), space[:3]
    found = cross_entropy(logits.requires_grad_(), labels)
    found.backward()
    assert float(found.detach()) == pytest.approx(torch.tensor(4.0).log().item())
    torch.testing.assert_close(logits.grad, torch.tensor([[-0.75, 0.25, 0.25, 0.25]]).expand(3, 4) / 3)
