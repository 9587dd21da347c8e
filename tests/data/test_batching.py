from __future__ import annotations

import numpy as np
import pytest
from data_cases import store_of, write_jsonl
from hypothesis import given
from hypothesis import strategies as st

from seqwise.data.batching import Batcher, epoch_plan, length_plan, padding_share
from seqwise.data.channel_scaling import ChannelScaling
from seqwise.data.vocabulary import UNKNOWN, Vocabulary, symbol_counts

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=80)


@given(LENGTHS, st.integers(1, 100), st.integers(0, 5))
def test_an_epoch_holds_every_row_once_and_every_batch_keeps_the_budget(lengths, budget, seed):
    lengths = np.array(lengths)
    plan = epoch_plan(lengths, np.arange(len(lengths)), budget, np.random.default_rng(seed))
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(lengths)))
    assert all(len(rows) == 1 or len(rows) * lengths[rows].max() <= budget for rows in plan)


@given(LENGTHS, st.integers(1, 100))
def test_a_length_plan_holds_every_row_once_in_order_of_length(lengths, budget):
    lengths = np.array(lengths)
    plan = length_plan(lengths, np.arange(len(lengths)), budget)
    ordered = lengths[np.concatenate(plan)]
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(lengths)))
    assert (np.diff(ordered) >= 0).all()


def test_equal_generators_give_equal_epochs_and_others_do_not():
    lengths = np.random.default_rng(0).integers(1, 30, 500)
    plans = [
        [rows.tolist() for rows in epoch_plan(lengths, np.arange(500), 128, np.random.default_rng([1, epoch]))]
        for epoch in (0, 0, 1)
    ]
    assert plans[0] == plans[1] != plans[2]


def test_blocks_of_rows_stay_together_in_a_pool(monkeypatch):
    monkeypatch.setattr("seqwise.data.batching._BLOCK_ROWS", 10)
    monkeypatch.setattr("seqwise.data.batching._POOL_BLOCKS", 2)
    lengths = np.ones(100, dtype=np.int64)
    plan = epoch_plan(lengths, np.arange(100), 20, np.random.default_rng(0))
    blocks = [sorted({int(row) // 10 for row in rows}) for rows in plan]
    assert all(len(pair) == 2 for pair in blocks)
    assert sorted(block for pair in blocks for block in pair) == list(range(10))
    assert blocks != sorted(blocks)


def test_padding_share_is_the_padding_of_all_computed_steps():
    lengths = np.array([2, 4, 4])
    assert padding_share(lengths, [np.array([0, 1]), np.array([2])]) == pytest.approx(2 / 12)


def test_little_is_padded_where_the_usual_recipe_pads_half():
    lengths = np.minimum(np.random.default_rng(0).geometric(0.08, 5000), 80)
    rng = np.random.default_rng(1)
    usual = padding_share(lengths, np.array_split(rng.permutation(5000), 5000 // 32))
    ours = padding_share(lengths, epoch_plan(lengths, np.arange(5000), 512, rng))
    assert usual > 0.5
    assert ours < 0.06


def token_batcher(tmp_path, dropout=0.0):
    rows = [
        {"tokens": ["a", "b", "a"], "label": "x"},
        {"tokens": ["b"], "label": "y"},
        {"tokens": ["c"], "label": "y"},
    ]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows))
    vocabulary = Vocabulary.from_counts(symbol_counts(store, np.array([0, 1])))
    return Batcher(store, vocabulary, (), dropout)


def test_inputs_are_padded_with_zero_and_unknown_symbols_are_one(tmp_path):
    batch = token_batcher(tmp_path).batch(np.array([0, 2]))
    assert batch.inputs.tolist() == [[2, 3, 2], [UNKNOWN, 0, 0]]
    assert batch.lengths.tolist() == [3, 1]


def test_symbols_are_hidden_in_training_only(tmp_path):
    batcher = token_batcher(tmp_path, dropout=1e9)
    hidden = batcher.batch(np.array([0]), np.random.default_rng(0)).inputs
    assert hidden.tolist() == [[UNKNOWN] * 3]
    assert batcher.batch(np.array([0])).inputs.tolist() == [[2, 3, 2]]


def test_series_are_scaled_and_padded_with_zero(tmp_path):
    rows = [{"signal": [[1.5], [2.5]], "label": "a"}, {"signal": [[3.5]], "label": "b"}]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows))
    batch = Batcher(store, ChannelScaling((1.5,), (0.5,))).batch(np.array([0, 1]))
    assert batch.inputs.tolist() == [[[0.0], [2.0]], [[4.0], [0.0]]]
