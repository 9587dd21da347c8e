from __future__ import annotations

import pytest
import torch

from seqwise.errors import ConfigError, ShapeError
from seqwise.nn import PretrainedVectors, WordEmbedding, WordForm, parameter_count

GIVEN = torch.tensor([[3.0, 4.0], [0.0, 0.0], [4.0, -3.0]])


def test_vectors_are_scaled_alike_to_a_mean_square_of_one():
    layer = PretrainedVectors(4, 2, 5)
    layer.fill(GIVEN)
    root = (GIVEN.square().sum() / 6).sqrt()
    torch.testing.assert_close(layer.given.weight, torch.cat([torch.zeros(1, 2), GIVEN / root]))


def test_a_word_without_a_vector_adds_nothing():
    layer = PretrainedVectors(4, 2, 5)
    layer.fill(GIVEN)
    assert layer(torch.tensor([[0]])).abs().sum() == 0


@pytest.mark.parametrize(("trained", "count"), [(False, 2 * 5), (True, 2 * 5 + 4 * 2)])
def test_given_vectors_are_trained_when_asked_only(trained, count):
    layer = PretrainedVectors(4, 2, 5, trained=trained)
    assert parameter_count(layer) == count


def test_a_words_vector_has_that_of_before_added():
    layer = WordEmbedding(10, 5, WordForm(affixes=1, affix_count=6, vector_count=4, vector_size=2))
    layer.vectors.fill(GIVEN)
    ids = torch.tensor([[[3, 2, 1], [3, 2, 0]]])
    vectors = layer(ids)
    own = layer.words.weight[3] + layer.word_parts.weight[2]
    torch.testing.assert_close(vectors[0, 1], own)
    torch.testing.assert_close(vectors[0, 0], own + layer.vectors.linear(layer.vectors.given.weight[1]))


def test_vectors_of_another_size_are_an_error():
    layer = PretrainedVectors(4, 2, 5)
    with pytest.raises(ShapeError, match=r"vectors of shape \(2, 3\), expected \(words, size\) = \(3, 2\)"):
        layer.fill(GIVEN.T)


def test_no_size_is_an_error():
    with pytest.raises(ConfigError, match="PretrainedVectors: size is 0"):
        PretrainedVectors(4, 0, 5)
