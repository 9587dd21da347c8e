"""Where numbers stand in memory changes nothing that a compiled layer gives, nor its gradients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from levels import MOST_LEVELS, on_level
from memory_layouts import Arrays, leaves, require_same_in_every_layout, with_gradients
from seqwise import _products
from seqwise._native import function
from seqwise._products import multiply
from seqwise.nn._embedding_rows import summed_rows
from seqwise.nn._recurrent import fits, native_states
from seqwise.nn.inputs._windows import highest_windows
from seqwise.nn.ppv import PPVPooling


@pytest.fixture(params=MOST_LEVELS, ids=str, autouse=True)
def _level(request: pytest.FixtureRequest) -> Iterator[None]:
    with on_level(request.param):
        yield


def random(*sizes: int, seed: int = 0) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed))


KINDS = {nn.RNN: 1, nn.GRU: 3, nn.LSTM: 4}
PARAMETERS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_recurrent_layer_in_every_layout(kind: type[nn.RNNBase]) -> None:
    size, hidden, gates = 3, 5, KINDS[kind]
    weights = random(gates * hidden, size, seed=1), random(gates * hidden, hidden, seed=2)
    biases = random(gates * hidden, seed=3), random(gates * hidden, seed=4)
    arrays = dict(zip(PARAMETERS, (*weights, *biases), strict=True))
    arrays |= {
        "steps": random(2, 4, size),
        "front": torch.arange(4) < torch.tensor([[4], [2]]),
        "upstream": random(2, 4, hidden),
    }

    def call(given: Arrays) -> list[Tensor]:
        steps, *parameters = leaves(given, "steps", *PARAMETERS)
        layer = kind(size, hidden, batch_first=True)
        for name, parameter in zip(PARAMETERS, parameters, strict=True):
            setattr(layer, name, nn.Parameter(parameter))
        assert fits([layer], steps)
        found = native_states([layer], steps, given["front"])
        return with_gradients(found, given["upstream"], [steps, *layer.parameters()])

    require_same_in_every_layout(call, arrays)


def test_sums_of_rows_in_every_layout() -> None:
    arrays = {
        "table": random(7, 3),
        "ids": torch.tensor([[1, 2], [3, 0], [6, 1], [1, 1]]),
        "counted": torch.tensor([True, True, False, True]),
        "scale": random(2, 3, seed=1),
        "upstream": random(4, 3, seed=2),
    }

    def call(given: Arrays) -> list[Tensor]:
        (table,) = leaves(given, "table")
        found = summed_rows(table, given["ids"], 0, counted=given["counted"], scale=given["scale"])
        sums, slope = with_gradients(found, given["upstream"], [table])
        return [sums, slope.to_dense()]

    require_same_in_every_layout(call, arrays)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32])
def test_highest_windows_in_every_layout(dtype: torch.dtype) -> None:
    ids = torch.tensor([[1, 2, 3, 0], [4, 0, 0, 0], [0, 0, 0, 0]], dtype=dtype)
    arrays = {"table": random(3, 5, 4), "bias": random(4, seed=1), "ids": ids, "upstream": random(3, 4, seed=2)}

    def call(given: Arrays) -> list[Tensor]:
        table, bias = leaves(given, "table", "bias")
        return with_gradients(highest_windows(table, bias, given["ids"]), given["upstream"], [table, bias])

    require_same_in_every_layout(call, arrays)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shares_in_every_layout(dtype: torch.dtype) -> None:
    arrays = {"hidden": random(2, 5, 3), "mask": random(2, 5) > -0.5, "thresholds": random(3, 2, seed=1).to(dtype)}

    def call(given: Arrays) -> list[Tensor]:
        pooling = PPVPooling(3, thresholds=2)
        pooling.thresholds = given["thresholds"]
        return [pooling(given["hidden"], mask=given["mask"])]

    require_same_in_every_layout(call, arrays)


@pytest.mark.parametrize("adds", [False, True])
def test_products_in_every_layout(adds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from ctypes import c_void_p

    monkeypatch.setattr(_products, "_compiled", lambda: function("seqwise_product", c_void_p))
    arrays = {
        "left": random(3, 4),
        "right": random(4, 5, seed=1),
        "to": random(3, 5, seed=2),
        "bias": random(5, seed=3),
    }

    def call(given: Arrays) -> list[Tensor]:
        to = given["to"]
        if 0 not in to.stride():  # where one number serves many places nothing can be written
            to = torch.empty_strided(to.shape, to.stride()).copy_(to)
        else:
            to = to.clone(memory_format=torch.contiguous_format)
        return [multiply(given["left"], given["right"], to, bias=None if adds else given["bias"], adds=adds)]

    require_same_in_every_layout(call, arrays)


@pytest.mark.parametrize(("batch", "time"), [(0, 4), (3, 0), (0, 0)])
def test_layers_take_batches_and_sequences_of_nothing(batch: int, time: int) -> None:
    for kind in KINDS:
        layer = kind(3, 5, batch_first=True)
        steps = torch.zeros(batch, time, 3, requires_grad=True)
        found = native_states([layer], steps, torch.ones(batch, time, dtype=torch.bool))
        assert found.shape == (batch, time, 5)
        slopes = torch.autograd.grad(found.sum(), [steps, *layer.parameters()])
        assert slopes[0].shape == steps.shape
        assert not any(slope.any() for slope in slopes)
    table = torch.ones(4, 3, requires_grad=True)
    found = summed_rows(table, torch.zeros(batch * time, 2, dtype=torch.long), 0)
    assert found.shape == (batch * time, 3)
    assert torch.autograd.grad(found.sum(), table)[0].to_dense().shape == (4, 3)
    bias = torch.zeros(3, requires_grad=True)
    windows = torch.ones(3, 4, 3, requires_grad=True)
    found = highest_windows(windows, bias, torch.zeros(batch, time, dtype=torch.long))
    assert found.shape == (batch, 3)
    assert [g.shape for g in torch.autograd.grad(found.sum(), (windows, bias))] == [(3, 4, 3), (3,)]
    assert PPVPooling(3)(torch.zeros(batch, time, 3), lengths=torch.zeros(batch, dtype=torch.long)).shape == (
        batch,
        3,
    )
