"""Words split by the tokenizer of a model, against what the transformers package makes of the same text."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from seqwise.data.subwords import Subwords
from seqwise.errors import MissingExtraError
from seqwise.runs.contents import encoding_of

pytest.importorskip("transformers", reason="transformers is not installed")
from model_folders import byte_pieces, word_pieces

TEXT = "Play unplayable jazz , rains zzz now"


def subwords_of(tokenizer, **changes):
    values = {
        "tokenizer": tokenizer.backend_tokenizer.to_str(),
        "architecture": {"model_type": "bert"},
        "prefix": (3,),
        "suffix": (4,),
        "window": 14,
        "unknown": 2,
        "padding": 1,
        "spaced": False,
    }
    return Subwords(**{**values, **changes})


def test_words_are_split_as_the_tokenizer_splits_a_text_of_words():
    tokenizer, words = word_pieces(), TEXT.split()
    numbers, counts = subwords_of(tokenizer).numbers(words)
    expected = tokenizer(words, is_split_into_words=True, add_special_tokens=False)
    assert (numbers - 1).tolist() == expected["input_ids"]
    assert np.repeat(np.arange(len(words)), counts).tolist() == expected.word_ids()


def test_words_with_a_blank_before_them_are_split_as_in_a_running_text():
    tokenizer = byte_pieces()
    numbers, counts = subwords_of(tokenizer, spaced=True).numbers(TEXT.split())
    assert (numbers - 1).tolist() == tokenizer(" " + TEXT)["input_ids"]
    assert counts.min() >= 1


def test_a_word_of_which_nothing_is_left_has_the_unknown_token():
    numbers, counts = subwords_of(word_pieces()).numbers(["play", "\u200b", "now"])
    assert counts.tolist() == [1, 1, 1]
    assert numbers[1] == 2
    assert subwords_of(word_pieces(), unknown=None).numbers(["\u200b"])[0].tolist() == [1]


def test_no_words_have_no_subword_tokens():
    numbers, counts = subwords_of(word_pieces()).numbers([])
    assert (numbers.shape, counts.shape) == ((0,), (0,))


def test_subwords_outlive_the_run_folder():
    subwords = subwords_of(word_pieces())
    again = encoding_of(json.dumps(subwords.to_json()).encode())
    assert again.numbers(TEXT.split())[0].tolist() == subwords.numbers(TEXT.split())[0].tolist()
    assert (again.prefix, again.suffix, again.architecture) == ((3,), (4,), {"model_type": "bert"})


def test_without_tokenizers_the_command_that_brings_it_is_named(monkeypatch):
    subwords = subwords_of(word_pieces())
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[hf\]'"):
        subwords.numbers(["play"])
