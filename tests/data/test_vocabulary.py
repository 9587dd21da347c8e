from __future__ import annotations

import json

import numpy as np
from data_cases import store_of, write_jsonl

from seqwise.data.channel_scaling import ChannelScaling
from seqwise.data.vocabulary import PADDING, UNKNOWN, Vocabulary, symbol_counts
from seqwise.runs.contents import encoding_of


def test_symbols_below_the_least_count_are_unknown():
    vocabulary = Vocabulary.from_counts({"a": 5, "b": 2, "c": 1}, min_count=2)
    assert vocabulary.numbers(["a", "b", "c", "d"]).tolist() == [[2], [3], [UNKNOWN], [UNKNOWN]]
    assert len(vocabulary) == 4


def test_symbols_that_training_never_showed_are_unknown():
    assert Vocabulary.from_counts({"a": 5, "only in test": 0}).symbols == ("a",)


def test_equal_counts_are_ordered_by_the_symbol():
    assert Vocabulary.from_counts({"b": 1, "a": 1, "c": 2}).symbols == ("c", "a", "b")


def test_rare_symbols_are_hidden_most_often():
    rates = Vocabulary.from_counts({"a": 3, "b": 1}).dropout_rates(0.25)
    np.testing.assert_allclose(rates, [0, 0, 0.25 / 3.25, 0.25 / 1.25])
    assert rates[PADDING] == rates[UNKNOWN] == 0


def test_counts_come_from_the_given_rows_only(tmp_path):
    rows = [{"tokens": ["a", "b", "a"], "label": "x"}, {"tokens": ["b", "c"], "label": "y"}] * 2
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows))
    assert symbol_counts(store, np.array([0])) == {"a": 2, "b": 1, "c": 0}


def series_store(tmp_path):
    rng = np.random.default_rng(3)
    rows = [
        {"signal": np.column_stack([rng.normal(5, 3, n), rng.normal(-1, 0.1, n), np.full(n, 7.5)]).tolist()}
        for n in (4, 9, 1, 6)
    ]
    for i, row in enumerate(rows):
        row["label"] = "ab"[i % 2]
    return store_of(write_jsonl(tmp_path / "d.jsonl", rows))


def test_scaling_is_that_of_all_steps_of_the_training_rows(tmp_path):
    store = series_store(tmp_path)
    scaling = ChannelScaling.of(store, np.array([0, 2, 3]))
    steps = np.concatenate([store.sequence(row).astype(np.float64) for row in (0, 2, 3)])
    np.testing.assert_allclose(scaling.mean, steps.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scaling.deviation[:2], steps.std(axis=0)[:2], rtol=1e-12)


def test_a_constant_channel_is_shifted_and_not_divided_by_zero(tmp_path):
    store = series_store(tmp_path)
    scaling = ChannelScaling.of(store, np.arange(4))
    assert scaling.constant == (2,)
    assert scaling(store.sequence(0))[:, 2].tolist() == [0, 0, 0, 0]


def test_scaling_survives_json(tmp_path):
    scaling = ChannelScaling.of(series_store(tmp_path), np.arange(4))
    assert encoding_of(json.dumps(scaling.to_json()).encode()) == scaling
