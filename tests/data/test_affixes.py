from __future__ import annotations

import json

import numpy as np
import pytest
from data_cases import store_of, write_jsonl

from seqwise.data.affixes import AFFIX_FEATURES, AffixFeatures, word_shape
from seqwise.data.batching import Batcher
from seqwise.data.vocabulary import UNKNOWN, Vocabulary
from seqwise.runs.contents import encoding_of

SHAPES = [("word", "xx"), ("Word", "Xxx"), ("UN", "XX"), ("3.14", "d.dd"), ("x1y2", "xdxd"), ("ÉTÉ", "XX"), ("", "")]


@pytest.mark.parametrize(("word", "shape"), SHAPES)
def test_the_shape_of_a_word(word, shape):
    assert word_shape(word) == shape


SEEN = ["running", "swimming", "Table", "table", "Anna", "Otto"]
ALIKE = [
    ("running", "swimming", {"suffix 1", "suffix 2", "suffix 3", "shape"}),
    ("Table", "table", {"lower", *(f"prefix {n}" for n in (1, 2, 3, 4)), *(f"suffix {n}" for n in (1, 2, 3, 4, 5))}),
    ("Anna", "Otto", {"shape"}),
]


@pytest.mark.parametrize(("one", "other", "shared"), ALIKE)
def test_words_share_the_ids_of_the_features_they_share(one, other, shared):
    one, other = AffixFeatures.of(SEEN, 1000).numbers([one, other])
    alike = {name for name, first, second in zip(AFFIX_FEATURES, one, other, strict=True) if first and first == second}
    assert alike == shared


def test_each_feature_has_ids_of_its_own():
    features = AffixFeatures.of(SEEN, 1000)
    numbers = features.numbers(SEEN)
    assert {number for number in numbers.ravel().tolist() if number} == set(range(1, 1 + len(features)))
    columns = [set(column.tolist()) - {0} for column in numbers.T]
    assert sum(map(len, columns)) == len(features)


def test_features_of_the_words_of_training_are_known_and_no_others():
    features = AffixFeatures.of(["abc", "abd", "abd"], 1000)
    assert features.known["prefix 2"] == ("ab",)
    assert features.known["suffix 2"] == ("bc", "bd")
    new = dict(zip(AFFIX_FEATURES, features.numbers(["xbd"])[0].tolist(), strict=True))
    assert {name for name, number in new.items() if number} == {"suffix 1", "suffix 2", "shape"}


def test_a_word_in_other_letters_has_the_lower_cased_form_of_the_one_in_training():
    features = AffixFeatures.of(["House", "cat"], 1000)
    seen, new = features.numbers(["House", "HOUSE"])
    assert 0 < seen[0] == new[0]


def test_features_of_the_most_words_are_known_when_they_are_limited():
    features = AffixFeatures.of(["abx", "aby", "acz"], 2)
    assert features.known == {**dict.fromkeys(AFFIX_FEATURES, ()), "prefix 1": ("a",), "shape": ("xx",)}


def test_no_features_are_no_ids():
    features = AffixFeatures.of(SEEN, 0)
    assert (features.known, len(features)) == ({}, 0)
    assert Vocabulary.from_counts({"ab": 2, "ac": 1}).numbers(["ab"]).tolist() == [[2]]


def test_a_vocabulary_comes_back_from_its_file():
    vocabulary = Vocabulary.from_counts({"abc": 2, "abd": 1}, affixes=100, characters=True)
    assert encoding_of(json.dumps(vocabulary.to_json()).encode()) == vocabulary


def batcher_of(tmp_path, dropout=0.0):
    rows = [{"tokens": ["running", "fast"], "label": "x"}, {"tokens": ["swimming"], "label": "y"}]
    store = store_of(write_jsonl(tmp_path / "d.jsonl", rows * 2))
    return Batcher(store, Vocabulary(("running", "fast"), (2, 2), AffixFeatures.of(SEEN, 1000)), (), dropout)


def test_an_unknown_word_keeps_its_features(tmp_path):
    batcher = batcher_of(tmp_path)
    ids = batcher.encoding.form.named(batcher.batch(np.array([0, 1])).inputs)
    assert ids.affixes.shape == (2, 2, len(AFFIX_FEATURES))
    assert ids.word[1].tolist() == [UNKNOWN, 0]
    assert ids.affixes[1, 0].tolist() == AffixFeatures.of(SEEN, 1000).numbers(["swimming"])[0].tolist()
    assert not ids.affixes[1, 1].any()


def test_a_hidden_word_keeps_its_features(tmp_path):
    batcher = batcher_of(tmp_path, dropout=1e9)
    named = batcher.encoding.form.named
    hidden = named(batcher.batch(np.array([0]), np.random.default_rng(0)).inputs)
    shown = named(batcher.batch(np.array([0])).inputs)
    assert hidden.word.tolist() == [[UNKNOWN, UNKNOWN]]
    assert hidden.affixes.tolist() == shown.affixes.tolist()


def test_hiding_words_leaves_the_next_batch_alone(tmp_path):
    batcher = batcher_of(tmp_path, dropout=1e9)
    batcher.batch(np.array([0]), np.random.default_rng(0))
    assert batcher.encoding.form.named(batcher.batch(np.array([0])).inputs).word.tolist() == [[2, 3]]
