"""Products in compiled C are those of float64, in every layout, whatever the blocks they are made in."""

from __future__ import annotations

from ctypes import c_void_p

import pytest
import torch
from torch import Tensor

from seqwise import _products as products
from seqwise._native import function
from seqwise._products import multiply
from seqwise.losses.torch import linear_cross_entropy

SIZES = [
    (1, 1, 1),
    (7, 5, 17),
    (6, 512, 64),
    (100, 300, 33),
    (513, 257, 130),
    (700, 40, 72),
    (64, 600, 17),
    (2, 0, 3),
    (0, 2, 3),
]


@pytest.fixture(autouse=True)
def _in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products in C whether or not they are quicker here."""
    found = function("seqwise_product", c_void_p)
    if found is None:
        pytest.skip("nothing was compiled")
    monkeypatch.setattr(products, "_compiled", lambda: found)


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


def laid_out(matrix: Tensor, layout: str) -> Tensor:
    """The same numbers in columns, or with others between them."""
    if layout == "columns":
        return matrix.t().contiguous().t()
    return torch.stack([matrix, matrix * 7], -1)[..., 0] if layout == "apart" else matrix


@pytest.mark.parametrize("right_layout", ["rows", "columns", "apart"])
@pytest.mark.parametrize("left_layout", ["rows", "columns", "apart"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_product_is_that_of_float64(size: tuple[int, int, int], left_layout: str, right_layout: str) -> None:
    rows, depth, columns = size
    left, right = laid_out(random(rows, depth), left_layout), laid_out(random(depth, columns, seed=1), right_layout)
    wanted, before, bias = left.double() @ right.double(), random(rows, columns, seed=2), random(columns, seed=3)
    torch.testing.assert_close(multiply(left, right, before.clone()).double(), wanted, rtol=1e-5, atol=1e-4)
    added = multiply(left, right, before.clone(), adds=True)
    torch.testing.assert_close(added.double(), wanted + before, rtol=1e-5, atol=1e-4)
    biased = multiply(left, right, before.clone(), bias=bias)
    torch.testing.assert_close(biased.double(), wanted + bias, rtol=1e-5, atol=1e-4)


def test_only_its_own_place_is_written() -> None:
    whole = torch.full((9, 40), 5.0)
    multiply(random(7, 300), random(300, 33), whole[1:8, 3:36])
    whole[1:8, 3:36] = 5
    assert (whole == 5).all()


@pytest.mark.parametrize("size", [(300, 700, 500), (72, 30, 256), (96, 40, 96), (17, 600, 512), (131, 9, 512)], ids=str)
def test_a_product_is_the_same_on_any_number_of_threads(size: tuple[int, int, int]) -> None:
    rows, depth, columns = size
    left, right, before = random(rows, depth), random(depth, columns, seed=1), torch.get_num_threads()
    found = []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        try:
            found.append(multiply(left, right, torch.empty(rows, columns)))
        finally:
            torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_a_head_of_any_layout(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqwise.losses.torch._linear_cross_entropy.WHOLE_BYTES", -1)
    hidden, weight = (laid_out(random(*size), layout).requires_grad_() for size in ((40, 9), (21, 9)))
    bias, labels = random(21, seed=4).requires_grad_(), torch.arange(40) % 21
    found = torch.autograd.grad(linear_cross_entropy(hidden, weight, labels, bias=bias), (hidden, weight, bias))
    logits = hidden.double() @ weight.double().t() + bias.double()
    wanted = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, labels), (hidden, weight, bias))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)
