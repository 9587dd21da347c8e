"""The linear layer with products in compiled C beside torch's own."""

from __future__ import annotations

from ctypes import c_void_p

import pytest
import torch
from torch import nn

from seqwise import _products
from seqwise._native import function
from seqwise.nn import _linear


@pytest.fixture
def is_in_c(monkeypatch):
    """Products in C whether or not they are quicker here, and however small."""
    found = function("seqwise_product", c_void_p)
    if found is None:
        pytest.skip("nothing was compiled")
    monkeypatch.setattr(_products, "_compiled", lambda: found)
    monkeypatch.setattr(_linear, "are_quick", lambda: True)
    monkeypatch.setattr(_linear, "_LARGE", 0)


def draws(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def both(size, outputs, *, bias=True):
    """Our layer, and torch's with the same weights in float64."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ours, theirs = _linear.Linear(size, outputs, bias=bias), nn.Linear(size, outputs, bias=bias).double()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.usefixtures("is_in_c")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(40, 30), (4, 7, 30), (1, 1, 30)])
def test_outputs_and_gradients_are_those_of_torch(shape, bias):
    ours, theirs = both(30, 17, bias=bias)
    vectors, upstream = draws(*shape).requires_grad_(), draws(*shape[:-1], 17, seed=1)
    exact = vectors.detach().double().requires_grad_()
    found, expected = ours(vectors), theirs(exact)
    assert type(found.grad_fn).__name__ == "_ProductBackward"
    torch.testing.assert_close(found, expected.float(), rtol=1e-5, atol=1e-5)
    found.backward(upstream)
    expected.backward(upstream.double())
    pairs = [(vectors, exact), *zip(ours.parameters(), theirs.parameters(), strict=True)]
    for mine, other in pairs:
        torch.testing.assert_close(mine.grad, other.grad.float(), rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("is_in_c")
def test_a_gradient_can_be_differentiated():
    ours, theirs = both(6, 5)
    found = []
    for layer, vectors in ((ours, draws(8, 6)), (theirs, draws(8, 6).double())):
        vectors.requires_grad_()
        (slope,) = torch.autograd.grad(layer(vectors).tanh().sum(), vectors, create_graph=True)
        found.append(torch.autograd.grad(slope.square().sum(), [vectors, layer.weight]))
    for mine, other in zip(*found, strict=True):
        torch.testing.assert_close(mine, other.float(), rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("is_in_c")
def test_vectors_that_are_not_side_by_side_are_taken_as_they_stand():
    ours, theirs = both(6, 20)
    vectors = draws(6, 9, 4).permute(1, 2, 0)
    torch.testing.assert_close(ours(vectors), theirs(vectors.double()).float(), rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("is_in_c")
def test_what_is_no_plain_float32_is_left_to_torch():
    ours, theirs = both(6, 5)
    assert type(theirs(draws(8, 6).double()).grad_fn).__name__ == "AddmmBackward0"
    assert ours.double()(draws(8, 6).double()).dtype == torch.float64
    with torch.autocast("cpu", torch.bfloat16):
        assert ours.float()(draws(8, 6)).dtype == torch.bfloat16
    torch.testing.assert_close(torch.func.vmap(ours)(draws(3, 8, 6)), ours(draws(3, 8, 6)))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        ours(draws(8, 7))


def test_few_numbers_are_left_to_torch():
    assert type(both(6, 5)[0](draws(8, 6)).grad_fn).__name__ == "AddmmBackward0"
