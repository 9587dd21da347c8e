from __future__ import annotations

import numpy as np
import pytest
from data_cases import store_of, write_jsonl

from seqwise.data.affixes import WORD_PARTS, affix_numbers, word_shape
from seqwise.data.batching import Batcher
from seqwise.data.vocabulary import UNKNOWN, Vocabulary

SHAPES = [("word", "xx"), ("Word", "Xxx"), ("UN", "XX"), ("3.14", "d.dd"), ("x1y2", "xdxd"), ("ÉTÉ", "XX"), ("", "")]


@pytest.mark.parametrize(("word", "shape"), SHAPES)
def test_the_shape_of_a_word(word, shape):
    assert word_shape(word) == shape


ALIKE = [
    ("running", "swimming", [2, 3, 5]),
    ("Table", "table", [0, 1, 2, 3, 4]),
    ("preface", "precise", [1, 5]),
    ("Anna", "Otto", [5]),
]


@pytest.mark.parametrize(("one", "other", "shared"), ALIKE)
def test_words_share_the_numbers_of_the_parts_they_share(one, other, shared):
    numbers = affix_numbers([one, other], 1 << 20)
    assert np.flatnonzero(numbers[0] == numbers[1]).tolist() == shared


def test_each_part_has_its_own_share_of_the_table():
    numbers = affix_numbers(["ab", "word", "Word", "42"], buckets=10)
    lows = 1 + 10 * np.arange(len(WORD_PARTS))
    assert (numbers >= lows).all()
    assert (numbers < lows + 10).all()


def test_numbers_never_change_between_processes():
    """Run folders keep weights by these numbers: CRC-32 of `ab` is 0x9E83486D, of `Xx` 0x6D653CAD."""
    whole = 0x9E83486D % 1000 + 1
    assert affix_numbers(["Ab"], 1000).tolist() == [
        [whole, 1000 + whole, 2000 + whole, 3000 + whole, 4000 + whole, 5001 + 0x6D653CAD % 1000]
    ]


def batcher_of(tmp_path, dropout=0.0):
    rows = [{"tokens": ["running", "fast"], "label": "x"}, {"tokens": ["swimming"], "label": "y"}]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows * 2))
    return Batcher(store, Vocabulary(("running", "fast"), (2, 2), affix_buckets=100), (), dropout)


def test_an_unknown_word_keeps_its_parts(tmp_path):
    batch = batcher_of(tmp_path).batch(np.array([0, 1]))
    assert batch.inputs.shape == (2, 2, 1 + len(WORD_PARTS))
    assert batch.inputs[1, 0].tolist() == [UNKNOWN, *affix_numbers(["swimming"], 100)[0]]
    assert batch.inputs[1, 1].tolist() == [0] * 7


def test_a_hidden_word_keeps_its_parts(tmp_path):
    hidden = batcher_of(tmp_path, dropout=1e9).batch(np.array([0]), np.random.default_rng(0)).inputs
    shown = batcher_of(tmp_path).batch(np.array([0])).inputs
    assert hidden[0, :, 0].tolist() == [UNKNOWN, UNKNOWN]
    assert hidden[0, :, 1:].tolist() == shown[0, :, 1:].tolist()


def test_hiding_words_leaves_the_next_batch_alone(tmp_path):
    batcher = batcher_of(tmp_path, dropout=1e9)
    batcher.batch(np.array([0]), np.random.default_rng(0))
    assert batcher.batch(np.array([0])).inputs[0, :, 0].tolist() == [2, 3]
