from __future__ import annotations

import pytest
import torch

from seqwise.nn import ChannelProjection, TokenEmbedding


def test_a_token_becomes_its_row_of_the_table():
    layer = TokenEmbedding(5, 3)
    vectors = layer(torch.tensor([[4, 1]]))
    assert torch.equal(vectors[0], layer.embedding.weight[[4, 1]])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_ids_may_be_any_type_of_integer(dtype):
    layer = TokenEmbedding(5, 3)
    assert torch.equal(layer(torch.tensor([[4, 1]], dtype=dtype)), layer(torch.tensor([[4, 1]])))


@pytest.mark.parametrize("garbage", [-1, 5, 10**12])
def test_ids_at_positions_that_do_not_count_may_hold_anything(garbage):
    vectors = TokenEmbedding(5, 3)(torch.tensor([[4, garbage, 2]]), mask=torch.tensor([[True, False, True]]))
    assert vectors[0, 1].tolist() == [0.0, 0.0, 0.0]
    assert vectors[0, [0, 2]].all()


def test_tokens_that_do_not_count_give_zeros_also_when_the_padding_row_is_not_zero():
    layer = TokenEmbedding(5, 3)
    with torch.no_grad():
        layer.embedding.weight.fill_(1.0)
    assert layer(torch.tensor([[4, 4]]), lengths=torch.tensor([1])).tolist() == [[[1.0] * 3, [0.0] * 3]]


@pytest.mark.parametrize("padding_id", [0, 3])
def test_the_padding_id_is_zero_and_not_trained_where_it_counts(padding_id):
    layer = TokenEmbedding(5, 3, padding_id=padding_id)
    vectors = layer(torch.tensor([[padding_id, 1]]))
    vectors.sum().backward()
    assert vectors[0, 0].tolist() == [0.0] * 3
    assert layer.embedding.weight.grad.any(dim=1).tolist() == [False, True, False, False, False]


def test_an_id_out_of_range_where_it_counts_is_an_error():
    with pytest.raises(IndexError, match="out of range"):
        TokenEmbedding(5, 3)(torch.tensor([[5]]))


def test_values_become_a_linear_map_of_the_channels():
    layer = ChannelProjection(2, 3)
    values = torch.tensor([[[1.0, -2.0], [0.5, 0.0]]])
    (first, second), bias = layer.linear.weight.T, layer.linear.bias
    expected = torch.stack([first - 2 * second + bias, 0.5 * first + bias])
    torch.testing.assert_close(layer(values)[0], expected)


@pytest.mark.parametrize("garbage", [torch.nan, torch.inf])
def test_values_at_positions_that_do_not_count_reach_neither_value_nor_gradient(garbage):
    layer = ChannelProjection(2, 3)
    values = torch.tensor([[[1.0, 2.0], [garbage, garbage]]])
    vectors = layer(values, lengths=torch.tensor([1]))
    vectors.square().sum().backward()
    assert vectors[0, 1].tolist() == [0.0, 0.0, 0.0]
    torch.testing.assert_close(layer.linear.bias.grad, 2 * vectors[0, 0])


@pytest.mark.parametrize("dtype", [torch.int64, torch.float64, torch.float16])
def test_values_of_any_type_are_computed_in_the_type_of_the_weights(dtype):
    layer = ChannelProjection(2, 3)
    values = torch.tensor([[[1, 2]]])
    torch.testing.assert_close(layer(values.to(dtype)), layer(values.float()), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (TokenEmbedding(9, 40, dropout=0.5), torch.full((3, 4), 2)),
        (ChannelProjection(2, 40, dropout=0.5), torch.ones(3, 4, 2)),
    ],
)
def test_dropout_drops_the_same_features_at_every_step_of_a_sequence(layer, inputs):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        vectors = layer.train()(inputs)
    dropped = vectors == 0
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert 0 < dropped.sum() < dropped.numel()
    torch.testing.assert_close(vectors[~dropped], 2 * layer.eval()(inputs)[~dropped])
