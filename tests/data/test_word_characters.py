from __future__ import annotations

import numpy as np
import pytest
from data_cases import store_of, write_jsonl

from seqwise.data.affixes import AffixFeatures
from seqwise.data.batching import Batcher
from seqwise.data.vocabulary import UNKNOWN, Vocabulary
from seqwise.data.word_characters import CHARACTERS_RESERVED, MOST_CHARACTERS, character_numbers, known_characters

ROWS = [
    ("", 5, [2, 3, 0, 0, 0]),
    ("ab", 5, [2, 4, 5, 3, 0]),
    ("a?b", 5, [2, 4, 1, 5, 3]),
    ("abcabc", 6, [2, 4, 5, 5, 6, 3]),
    ("abcabc", 5, [2, 4, 5, 6, 3]),
    ("abcabc", 3, [2, 4, 3]),
]


@pytest.mark.parametrize(("word", "length", "row"), ROWS)
def test_a_word_is_its_beginning_its_characters_and_its_end(word, length, row):
    assert character_numbers([word], "abc", length).tolist() == [row]


def test_a_character_of_a_single_word_is_not_known():
    assert known_characters(["aab", "ab", "bbbc", "aab"]) == ("b", "a")


def test_rows_are_as_long_as_the_longest_word_of_training_within_bounds():
    lengths = [
        Vocabulary.from_counts({word: 1}, characters=True).characters_per_word for word in ("", "abc", "x" * 100)
    ]
    assert lengths == [3, 5, MOST_CHARACTERS]


def test_words_that_are_not_in_training_do_not_count():
    vocabulary = Vocabulary.from_counts({"ab": 2, "ax": 1, "xylophone": 0}, characters=True)
    assert (vocabulary.characters, vocabulary.characters_per_word) == (("a",), 4)
    assert vocabulary.form.character_count == CHARACTERS_RESERVED + 1


def test_a_word_has_characters_beside_its_features(tmp_path):
    rows = [{"tokens": ["ab", "ba"], "label": "x"}, {"tokens": ["xa"], "label": "y"}]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows * 2))
    affixes = AffixFeatures.of(["ab", "ba"], 10)
    vocabulary = Vocabulary(("ab", "ba"), (2, 2), affixes, characters=("a", "b"), characters_per_word=4)
    ids = vocabulary.form.named(Batcher(store, vocabulary, (), 0.0).batch(np.array([0, 1])).inputs)
    assert ids.word.tolist() == [[2, 3], [UNKNOWN, 0]]
    assert ids.affixes[1, 0].tolist() == affixes.numbers(["xa"])[0].tolist()
    assert ids.characters.tolist() == [[[2, 4, 5, 3], [2, 5, 4, 3]], [[2, 1, 4, 3], [0, 0, 0, 0]]]


def test_a_hidden_word_keeps_its_characters(tmp_path):
    rows = [{"tokens": ["ab", "ba"], "label": "x"}, {"tokens": ["ab"], "label": "y"}]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows * 2))
    vocabulary = Vocabulary(("ab", "ba"), (2, 2), characters=("a", "b"), characters_per_word=4)
    hidden = Batcher(store, vocabulary, (), 1e9).batch(np.array([0]), np.random.default_rng(0)).inputs
    assert hidden[0].tolist() == [[UNKNOWN, 2, 4, 5, 3], [UNKNOWN, 2, 5, 4, 3]]
