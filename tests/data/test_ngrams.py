from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from data_cases import store_of, write_jsonl

from seqwise.data import ngrams
from seqwise.data.batching import Batcher
from seqwise.data.ngrams import Bags, Ngrams
from seqwise.data.vocabulary import Vocabulary, symbol_counts

TOKENS = [["not", "good"], ["good"], ["Good", "not", "good", "enough"], ["a"], ["enough", "is", "enough"]]


@pytest.fixture
def store(tmp_path):
    rows = [{"tokens": tokens, "label": "xy"[i % 2]} for i, tokens in enumerate(TOKENS)]
    return store_of(write_jsonl(tmp_path / "d.jsonl", rows))


def known(store, rows=None, *, longest=2, longest_signs=0, limit=1000):
    rows = np.arange(len(store)) if rows is None else np.array(rows)
    counts = symbol_counts(store, rows)
    return Ngrams.of(store, rows, counts, longest=longest, longest_signs=longest_signs, limit=limit)


def texts_of(tokens, longest, longest_signs):
    """What the n-grams of a sequence are, spelt out."""
    lowered = [token.lower() for token in tokens]
    found = {tuple(lowered[i : i + n]) for n in range(1, longest + 1) for i in range(len(lowered) - n + 1)}
    for word in (f" {token} " for token in lowered):
        found |= {word[i : i + n] for n in range(2, longest_signs + 1) for i in range(len(word) - n + 1)}
    return found


@pytest.mark.parametrize(("longest", "longest_signs"), [(1, 0), (2, 0), (3, 0), (0, 2), (0, 4), (2, 3)])
def test_two_sequences_share_as_many_numbers_as_n_grams(store, longest, longest_signs):
    bags = Bags(store, known(store, longest=longest, longest_signs=longest_signs)).numbers(np.arange(len(store)))
    sets = [set(row[row > 0].tolist()) for row in bags]
    expected = [texts_of(tokens, longest, longest_signs) for tokens in TOKENS]
    assert [len(numbers) for numbers in sets] == [len(texts) for texts in expected]
    for one in range(len(sets)):
        for other in range(len(sets)):
            assert len(sets[one] & sets[other]) == len(expected[one] & expected[other])


@pytest.mark.parametrize("longest", [1, 2])
def test_symbols_at_their_places_are_n_grams_too(tmp_path, longest):
    texts = ["acgt", "tacg", "acga", "gggg"]
    rows = [{"tokens": list(text), "label": "xy"[i % 2]} for i, text in enumerate(texts)]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows))
    every = np.arange(len(store))
    counts = symbol_counts(store, every)
    found, plain = (
        Ngrams.of(store, every, counts, longest=longest, longest_signs=0, limit=10**6, placed=placed)
        for placed in (True, False)
    )
    at_places = [set(enumerate(text)) for text in texts]
    assert len(found.hashes) == len(plain.hashes) + len(set().union(*at_places))
    sets = [set(row[row > 0].tolist()) for row in Bags(store, found).numbers(every)]
    expected = [texts_of(list(text), longest, 0) | places for text, places in zip(texts, at_places, strict=True)]
    for one in range(len(sets)):
        for other in range(len(sets)):
            assert len(sets[one] & sets[other]) == len(expected[one] & expected[other])


def test_runs_do_not_cross_from_one_sequence_into_the_next(store):
    alone = known(store, [0, 1])
    together = {pair for tokens in TOKENS[:2] for pair in pairwise(tokens)}
    assert len(alone.hashes) == len({"not", "good"}) + len(together)


def test_what_stands_c_times_is_there_as_often_as_2_goes_into_c(tmp_path):
    rows = [{"tokens": ["a"] * count + ["b"], "label": "xy"[count % 2]} for count in (1, 2, 3, 4, 9)]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows))
    bags = Bags(store, known(store, longest=1)).numbers(np.arange(5))
    assert [int(np.bincount(row[row > 0]).max()) for row in bags] == [1, 2, 2, 3, 4]


def test_an_n_gram_that_training_did_not_show_is_left_out(store):
    bags = Bags(store, known(store, [0])).numbers(np.arange(len(store)))
    assert [np.count_nonzero(row) for row in bags] == [3, 1, 4, 0, 0]


def test_an_unknown_word_has_the_runs_of_signs_that_it_shares(store):
    bags = Bags(store, known(store, [0], longest_signs=3)).numbers(np.array([4]))
    assert len(np.unique(bags)) == len({"no"}) == len(texts_of(TOKENS[0], 2, 3) & texts_of(TOKENS[4], 2, 3))


def test_the_most_frequent_are_kept(store):
    one = known(store, longest=1, limit=1)
    bags = Bags(store, one).numbers(np.arange(len(store)))
    assert bags[:, 0].tolist() == [1, 1, 1, 0, 0]


def test_what_is_found_at_once_is_what_is_found_batch_by_batch(store, monkeypatch):
    numbers = known(store, longest_signs=4)
    kept = Bags(store, numbers)
    monkeypatch.setattr(ngrams, "_MOST_STEPS_KEPT", 0)
    rows = np.array([4, 0, 2])
    np.testing.assert_array_equal(Bags(store, numbers).numbers(rows), kept.numbers(rows))


def test_blocks_of_rows_change_nothing(store, monkeypatch):
    whole = known(store, longest=3, longest_signs=3)
    bags = Bags(store, whole).numbers(np.arange(5))
    monkeypatch.setattr(ngrams, "_BLOCK_ROWS", 2)
    assert known(store, longest=3, longest_signs=3) == whole
    np.testing.assert_array_equal(Bags(store, whole).numbers(np.arange(5)), bags)


def test_hashes_never_change_between_processes(store):
    """Run folders keep weights by them."""
    assert known(store, [3], longest=1, longest_signs=2).hashes == (
        6694289825629136,
        7142439479449378,
        7350870564318687,
    )


def test_a_batch_carries_them_and_fills_up_with_zeros(store):
    encoding = Vocabulary(("good", "not"), (4, 2), ngrams=known(store))
    batch = Batcher(store, encoding).batch(np.array([0, 2]))
    assert batch.ngrams.shape == (2, 7)
    assert batch.ngrams[0, 3:].tolist() == [0, 0, 0, 0]
    assert Batcher(store, Vocabulary(("good",), (4,))).batch(np.array([0])).ngrams is None


def test_without_any_nothing_is_known(store):
    assert known(store, longest=0) == Ngrams()
    assert len(Ngrams()) == 0
