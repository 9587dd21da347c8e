from __future__ import annotations

import pytest
import torch

from seqwise.errors import ShapeError
from seqwise.nn import WordEmbedding, WordForm


def layer_and_ids():
    generator = torch.Generator().manual_seed(0)
    layer = WordEmbedding(10, 4, WordForm(affixes=3, affix_count=30))
    words = torch.randint(1, 10, (2, 5, 1), generator=generator)
    parts = torch.randint(1, 30, (2, 5, 3), generator=generator)
    return layer, torch.cat([words, parts], dim=-1)


def test_a_word_is_the_sum_of_its_own_vector_and_those_of_its_parts():
    layer, ids = layer_and_ids()
    vectors = layer(ids)
    for b in range(2):
        for t in range(5):
            word, *parts = ids[b, t].tolist()
            expected = layer.words.weight[word] + sum(layer.word_parts.weight[part] for part in parts)
            torch.testing.assert_close(vectors[b, t], expected)


def test_what_stands_in_padding_changes_nothing():
    layer, ids = layer_and_ids()
    lengths = torch.tensor([3, 5])
    clean = layer(ids, lengths=lengths)
    spoiled = ids.clone()
    spoiled[0, 3:] = -(10**9)
    torch.testing.assert_close(layer(spoiled, lengths=lengths), clean, rtol=0, atol=0)
    assert clean[0, 3:].abs().sum() == 0


def test_vectors_start_with_variance_one():
    torch.manual_seed(0)
    layer = WordEmbedding(5000, 20, WordForm(affixes=6, affix_count=5000))
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, 5000, (50, 40, 7), generator=generator)
    assert float(layer(ids).detach().var()) == pytest.approx(1.0, abs=0.05)


def test_ids_without_parts_are_an_error():
    layer, ids = layer_and_ids()
    with pytest.raises(ShapeError, match=r"WordEmbedding: ids of shape \(2, 5, 2\), expected .* with ids = 4"):
        layer(ids[..., :2])
