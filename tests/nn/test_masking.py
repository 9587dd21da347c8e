from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqwise.nn._masking import compact_positions, counted_positions, inverse, reversal, selected

masks = st.integers(1, 6).flatmap(
    lambda time: st.lists(st.lists(st.booleans(), min_size=time, max_size=time), min_size=1, max_size=3)
)
few = settings(max_examples=60, deadline=None)


@few
@given(masks)
def test_what_counts_closes_up_to_the_front_in_order_and_the_rest_follows(mask):
    order = inverse(compact_positions(torch.tensor(mask))).tolist()
    for row, places in zip(mask, order, strict=True):
        steps = range(len(row))
        assert places == [t for t in steps if row[t]] + [t for t in steps if not row[t]]


@few
@given(masks)
def test_the_inverse_puts_every_step_back(mask):
    positions = compact_positions(torch.tensor(mask))
    back = positions.gather(1, inverse(positions))
    assert back.tolist() == [list(range(len(row))) for row in mask]


@few
@given(st.integers(1, 6), st.data())
def test_reversal_turns_round_the_first_steps_and_keeps_the_rest(time, data):
    length = data.draw(st.integers(0, time))
    turned = reversal(torch.arange(time)[None] < length)[0].tolist()
    steps = list(range(time))
    assert turned == steps[:length][::-1] + steps[length:]


def test_without_lengths_or_mask_everything_counts():
    assert counted_positions("call", torch.zeros(2, 3), lengths=None, mask=None).tolist() == [[True] * 3] * 2


def test_a_length_beyond_the_time_axis_means_all_of_it_and_a_negative_one_nothing():
    counted = counted_positions("call", torch.zeros(2, 3), lengths=torch.tensor([9, -1]), mask=None)
    assert counted.tolist() == [[True] * 3, [False] * 3]


def test_lengths_may_be_small_integers():
    counted = counted_positions("call", torch.zeros(1, 300), lengths=torch.tensor([200], dtype=torch.uint8), mask=None)
    assert counted.sum().item() == 200


def test_what_is_selected_away_gets_no_gradient_even_from_nan():
    steps = torch.tensor([[[1.0], [torch.nan]]], requires_grad=True)
    selected(steps, torch.tensor([[True, False]])).log1p().sum().backward()
    assert steps.grad.tolist() == [[[0.5], [0.0]]]
