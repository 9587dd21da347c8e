from __future__ import annotations

import math
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqwise.nn import (
    POOLINGS,
    AttentionPooling,
    FirstPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
)

SIZE = 4
names = pytest.mark.parametrize("name", POOLINGS)
masks = st.integers(1, 5).flatmap(
    lambda time: st.lists(st.lists(st.booleans(), min_size=time, max_size=time), min_size=1, max_size=3)
)


def new_pooling(name, *, bidirectional=True):
    pooling = POOLINGS[name](SIZE, bidirectional=bidirectional).double()
    draws = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in pooling.parameters():
            parameter.normal_(generator=draws)
    return pooling


def new_states(batch, time, *, size=SIZE):
    return torch.randn(batch, time, size, generator=torch.Generator().manual_seed(6), dtype=torch.float64)


def mean(values):
    return math.fsum(values) / len(values)


def attention_weights(pooling, steps):
    """softmax of v^T tanh(W h + b), in plain Python."""
    matrix, bias = pooling.projection.weight.tolist(), pooling.projection.bias.tolist()
    vector = pooling.score.weight[0].tolist()
    scores = [
        math.fsum(
            v * math.tanh(math.fsum(w * h for w, h in zip(row, step, strict=True)) + b)
            for v, row, b in zip(vector, matrix, bias, strict=True)
        )
        for step in steps
    ]
    exponentials = [math.exp(score - max(scores)) for score in scores]
    return [exponential / math.fsum(exponentials) for exponential in exponentials]


def summary(name, pooling, steps):
    """One vector of the list of steps that count, in plain Python."""
    if not steps:
        return [0.0] * SIZE
    columns = list(zip(*steps, strict=True))
    if name == "last":
        half = SIZE // 2 if pooling.bidirectional else SIZE
        return steps[-1][:half] + steps[0][half:]
    if name == "first":
        return steps[0]
    if name == "mean":
        return [mean(column) for column in columns]
    if name == "max":
        return [max(column) for column in columns]
    weights = attention_weights(pooling, steps)
    return [math.fsum(w * value for w, value in zip(weights, column, strict=True)) for column in columns]


@names
@pytest.mark.parametrize("bidirectional", [False, True])
@settings(max_examples=25, deadline=None)
@given(mask=masks)
def test_the_vector_is_that_of_the_plain_formula_over_the_steps_that_count(name, bidirectional, mask):
    pooling = new_pooling(name, bidirectional=bidirectional)
    hidden = new_states(len(mask), len(mask[0]))
    expected = [
        summary(name, pooling, [step for step, counts in zip(steps, row, strict=True) if counts])
        for steps, row in zip(hidden.tolist(), mask, strict=True)
    ]
    hidden[~torch.tensor(mask)] = torch.nan
    vectors = pooling(hidden, mask=torch.tensor(mask))
    torch.testing.assert_close(vectors, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-13)


@names
def test_lengths_count_the_first_steps(name):
    pooling, hidden = new_pooling(name), new_states(3, 4)
    mask = torch.tensor([[True] * 4, [True, True, False, False], [False] * 4])
    torch.testing.assert_close(
        pooling(hidden, lengths=torch.tensor([4, 2, 0])), pooling(hidden, mask=mask), rtol=0, atol=0
    )


@names
def test_without_lengths_or_mask_every_step_counts(name):
    pooling, hidden = new_pooling(name), new_states(2, 3)
    torch.testing.assert_close(pooling(hidden), pooling(hidden, lengths=torch.tensor([3, 3])), rtol=0, atol=0)


@names
@pytest.mark.parametrize("garbage", [torch.nan, torch.inf, -torch.inf, 1e300])
def test_what_stands_at_steps_that_do_not_count_reaches_neither_value_nor_gradient(name, garbage):
    pooling = new_pooling(name)
    mask = torch.tensor([[False, True, True, False], [False] * 4])
    results = []
    for filling in (0.0, garbage):
        hidden = new_states(2, 4).masked_fill(~mask[:, :, None], filling).requires_grad_()
        vectors = pooling(hidden, mask=mask)
        results.append((vectors, *torch.autograd.grad(vectors.square().sum(), [hidden, *pooling.parameters()])))
    for clean, dirty in zip(*results, strict=True):
        torch.testing.assert_close(dirty, clean, rtol=0, atol=0)
    assert not results[1][1][~mask].any()


@names
@pytest.mark.parametrize("time", [0, 3])
def test_a_row_in_which_nothing_counts_gives_zeros_without_gradient(name, time):
    pooling = new_pooling(name)
    hidden = new_states(2, time).requires_grad_()
    vectors = pooling(hidden, lengths=torch.tensor([0, 0]))
    (vectors + 1).square().sum().backward()
    assert torch.equal(vectors, torch.zeros(2, SIZE, dtype=torch.float64))
    assert torch.equal(hidden.grad, torch.zeros_like(hidden))
    for parameter in pooling.parameters():
        assert parameter.grad is None or not parameter.grad.any()


@names
def test_gradients_agree_with_finite_differences(name):
    pooling, mask = new_pooling(name), torch.tensor([[True, False, True], [False, False, True], [False] * 3])
    hidden = new_states(3, 3).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.autograd.gradcheck(lambda states: pooling(states, mask=mask), hidden)


def test_the_mapping_names_the_classes():
    assert dict(POOLINGS) == {
        "last": LastPooling,
        "first": FirstPooling,
        "mean": MeanPooling,
        "max": MaxPooling,
        "attention": AttentionPooling,
    }


def test_a_mean_of_many_half_precision_states_does_not_overflow():
    hidden = torch.full((1, 70_000, 1), 100.0, dtype=torch.float16)
    assert MeanPooling(1)(hidden).item() == 100.0


def test_equal_largest_values_share_the_gradient():
    hidden = torch.tensor([[[2.0], [2.0], [1.0], [2.0]]], requires_grad=True)
    MaxPooling(1)(hidden, lengths=torch.tensor([3])).sum().backward()
    assert hidden.grad.flatten().tolist() == [0.5, 0.5, 0.0, 0.0]


@settings(max_examples=25, deadline=None)
@given(mask=masks)
def test_attention_weights_are_those_of_the_plain_formula_and_zero_elsewhere(mask):
    pooling, hidden = new_pooling("attention"), new_states(len(mask), len(mask[0]))
    weights = pooling.weights(hidden, mask=torch.tensor(mask)).tolist()
    for row, steps, actual in zip(mask, hidden.tolist(), weights, strict=True):
        kept = iter(
            attention_weights(pooling, [step for step, counts in zip(steps, row, strict=True) if counts])
            if any(row)
            else []
        )
        assert actual == pytest.approx([next(kept) if counts else 0.0 for counts in row], rel=1e-12, abs=0)


def test_attention_weights_sum_to_one_for_scores_beyond_the_range_of_exp():
    pooling = new_pooling("attention")
    with torch.no_grad():
        pooling.score.weight.fill_(1e6)
    weights = pooling.weights(new_states(2, 5), lengths=torch.tensor([5, 3]))
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2, dtype=torch.float64), rtol=1e-12, atol=0)


def test_attention_size_is_the_size_of_a_state_unless_given():
    assert AttentionPooling(6).projection.out_features == 6
    assert AttentionPooling(6, attention_size=2).score.in_features == 2
