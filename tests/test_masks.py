from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqwise.errors import ShapeError, ValuesError
from seqwise.masks import lengths_to_mask, mask_to_lengths


@given(st.lists(st.integers(0, 9), max_size=6))
def test_lengths_survive_the_way_to_a_mask_and_back(lengths):
    mask = lengths_to_mask(lengths, 9)
    assert mask_to_lengths(mask).tolist() == lengths
    assert [[step < length for step in range(9)] for length in lengths] == mask.tolist()


def test_time_is_the_longest_length_when_not_given():
    assert lengths_to_mask([1, 3]).shape == (2, 3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: lengths_to_mask([[1]]), ShapeError, r"lengths must be \(batch,\), got shape \(1, 1\)"),
        (lambda: lengths_to_mask([1, 4], 3), ValuesError, r"lengths\[1\] is 4, but the time axis has 3 steps"),
        (lambda: lengths_to_mask([-1], 3), ValuesError, r"lengths\[0\] is -1"),
        (lambda: mask_to_lengths([True]), ShapeError, r"mask must be \(batch, time\), got shape \(1,\)"),
        (lambda: mask_to_lengths([[True, False, True]]), ValuesError, "row 0 of the mask is True again after a gap"),
    ],
)
def test_what_cannot_be_a_length_or_a_mask_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
