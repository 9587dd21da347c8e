"""Streams of random numbers by their number."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from seqwise.training.sgd.rng_streams import RngStreams


def test_a_stream_is_the_same_whatever_was_drawn_before():
    draws = RngStreams(7)
    expected = draws.at(1, 2, 3, 4).random(10)
    for count in (0, 1, 5, 1000):
        draws.at(2, 0, 0, 0).integers(2**31, size=count, dtype=np.int32)  # a half-used number among them
        assert np.array_equal(draws.at(1, 2, 3, 4).random(10), expected)
    assert np.array_equal(RngStreams(7).at(1, 2, 3, 4).random(10), expected)


def test_streams_of_different_numbers_or_seeds_differ():
    numbers = [*itertools.product((1, 2), (0, 1), (0, 1, 2**40), (0, 1))]
    found = {
        draws.at(*one).random() for draws in (RngStreams(0), RngStreams(1), RngStreams(2**63 - 1)) for one in numbers
    }
    assert len(found) == 3 * len(numbers)


def test_streams_are_even_and_do_not_follow_each_other():
    draws = RngStreams(3)
    table = np.stack([draws.at(2, 0, step, 0).random(100) for step in range(1000)])
    assert table.mean() == pytest.approx(0.5, abs=0.005)
    assert table.var() == pytest.approx(1 / 12, abs=0.002)
    assert np.abs(np.corrcoef(table[:100])[~np.eye(100, dtype=bool)]).max() < 0.5
    assert len(np.unique(table)) == table.size
