"""Sparse gradients of symbol vectors: those of torch's dense embedding, without the rows of zeros."""

from __future__ import annotations

import pytest
import torch

from seqwise import _native
from seqwise.nn import TokenEmbedding, WordEmbedding, WordForm
from seqwise.nn._embedding_rows import summed_rows

compiled = pytest.mark.parametrize("is_compiled", [True, False])


@pytest.fixture(autouse=True)
def _with_and_without(request, monkeypatch):
    if not request.node.callspec.params.get("is_compiled", True) if hasattr(request.node, "callspec") else False:
        monkeypatch.setattr(_native, "library", lambda: None)


def ids_of(*shape, rows):
    return torch.randint(0, rows, shape, generator=torch.Generator().manual_seed(0))


@compiled
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("parts", [1, 3])
def test_sums_and_gradients_are_those_of_a_dense_table(is_compiled, dtype, parts):
    table = torch.randn(50, 7, generator=torch.Generator().manual_seed(1), dtype=dtype)
    table[4] = 0
    ids = ids_of(40, parts, rows=20)
    dense, sparse = (table.clone().requires_grad_() for _ in range(2))
    expected = torch.nn.functional.embedding(ids, dense, padding_idx=4).sum(dim=1)
    found = summed_rows(sparse, ids, 4)
    torch.testing.assert_close(found, expected)
    weights = torch.randn(40, 7, generator=torch.Generator().manual_seed(2), dtype=dtype)
    (expected * weights).sum().backward()
    (found * weights).sum().backward()
    torch.testing.assert_close(sparse.grad.to_dense(), dense.grad)


@compiled
def test_the_gradient_has_each_row_that_was_used_once_and_never_the_padding(is_compiled):
    table = torch.ones(9, 2, requires_grad=True)
    summed_rows(table, torch.tensor([[5, 0], [2, 5]]), 0).sum().backward()
    assert table.grad._indices().tolist() == [[2, 5]]
    assert table.grad._values().tolist() == [[1.0, 1.0], [2.0, 2.0]]


@compiled
def test_gradients_of_two_batches_add(is_compiled):
    table = torch.ones(9, 2, requires_grad=True)
    for ids in ([[1, 2]], [[2, 3]]):
        summed_rows(table, torch.tensor(ids), 0).sum().backward()
    assert table.grad.to_dense()[:, 0].tolist() == [0, 1, 2, 1, 0, 0, 0, 0, 0]


@compiled
def test_a_batch_of_padding_alone_has_a_gradient_of_no_rows(is_compiled):
    table = torch.ones(9, 2, requires_grad=True)
    summed_rows(table, torch.zeros(3, 2, dtype=torch.long), 0).sum().backward()
    assert table.grad._indices().shape == (1, 0)


def test_an_id_out_of_range_is_torchs_error():
    with pytest.raises((IndexError, RuntimeError)):
        summed_rows(torch.ones(3, 2), torch.tensor([[3]]), 0)


def embeddings():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield TokenEmbedding(30, 6), ids_of(4, 5, rows=30)
        yield WordEmbedding(30, 6, WordForm(affixes=3, affix_count=19)), ids_of(4, 5, 4, rows=19)


@pytest.mark.parametrize("kind", [0, 1])
def test_a_layer_whose_embeddings_are_sparse_gives_the_same(kind):
    layer, ids = list(embeddings())[kind]
    lengths = torch.tensor([5, 3, 0, 1])
    results = []
    for sparse in (False, True):
        for module in layer.modules():
            if isinstance(module, torch.nn.Embedding):
                module.sparse = sparse
        layer.zero_grad()
        vectors = layer(ids, lengths=lengths)
        vectors.square().sum().backward()
        gradients = [p.grad.to_dense() if p.grad.is_sparse else p.grad for p in layer.parameters()]
        assert all(p.grad.is_sparse == sparse for p in layer.parameters())
        results.append([vectors.detach(), *gradients])
    for dense, rows in zip(*results, strict=True):
        torch.testing.assert_close(rows, dense)


@compiled
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("groups", [None, 1, 8])
def test_what_does_not_count_is_zeros_and_the_others_are_scaled_by_group(is_compiled, dtype, groups):
    random = torch.Generator().manual_seed(1)
    table = torch.randn(50, 7, generator=random, dtype=dtype)
    ids, counted = ids_of(40, 3, rows=20), torch.rand(40, generator=random) < 0.7
    scale = None if groups is None else torch.rand(groups, 7, generator=random, dtype=dtype)
    of_each = 1 if scale is None else scale.repeat_interleave(40 // groups, dim=0)
    weights = torch.randn(40, 7, generator=random, dtype=dtype)
    dense, sparse = (table.clone().requires_grad_() for _ in range(2))
    expected = torch.nn.functional.embedding(ids, dense, padding_idx=4).sum(dim=1) * of_each * counted[:, None]
    (expected * weights).sum().backward()
    with_garbage = torch.where(counted[:, None], ids, 10**6)
    found = summed_rows(sparse, with_garbage, 4, counted=counted, scale=scale)
    torch.testing.assert_close(found, expected)
    (found * weights).sum().backward()
    torch.testing.assert_close(sparse.grad.to_dense(), dense.grad)
    assert set(sparse.grad._indices()[0].tolist()) <= set(ids[counted].flatten().tolist()) - {4}


@compiled
def test_ids_may_be_part_of_a_wider_array(is_compiled):
    wide, table = ids_of(6, 5, rows=9), torch.randn(9, 3)
    for columns in (slice(0, 1), slice(1, 4)):
        part = wide[:, columns]
        torch.testing.assert_close(summed_rows(table, part, 0), summed_rows(table, part.clone(), 0))
        torch.testing.assert_close(summed_rows(table, part, 0), table[part].sum(dim=1))
