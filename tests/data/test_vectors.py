from __future__ import annotations

import gzip
import re

import numpy as np
import pytest

from seqwise.data.vectors import read_vectors
from seqwise.data.vocabulary import Vocabulary
from seqwise.errors import DataError

WITH_COUNTS = "3 2\nthe 0.5 -1\nof 1e-1 2 \ncat 3 4\n"
WITHOUT_COUNTS = "the 0.5 -1\nof 0.1 2\ncat 3 4\n"
EXPECTED = {"the": [0.5, -1], "of": [0.1, 2], "cat": [3, 4]}


def file_of(tmp_path, content):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def vectors_in(path, wanted=(), most_frequent=100):
    vectors = read_vectors(path, wanted, most_frequent)
    return {word: row.tolist() for word, row in zip(vectors.words, vectors.matrix, strict=True)}


@pytest.mark.parametrize("content", [WITH_COUNTS, WITHOUT_COUNTS, gzip.compress(WITH_COUNTS.encode(), mtime=0)])
def test_all_forms_give_the_same_vectors(tmp_path, content):
    found = vectors_in(file_of(tmp_path, content))
    assert found == {word: np.array(numbers, np.float32).tolist() for word, numbers in EXPECTED.items()}


CONTENTS = [
    ("of GloVe, a word may hold spaces", "the 1 2\n. . . 3 4\n", {"the": [1, 2], ". . .": [3, 4]}),
    ("the first of two lines of a word counts", "the 1 2\nthe 3 4\n", {"the": [1, 2]}),
    ("a word that is a space is left out", "2 2\nthe 1 2\n  3 4\n", {"the": [1, 2]}),
    ("what is no UTF-8 is a word that nobody looks for", b"the 1 2\n\xff 3 4\n", {"the": [1, 2], "\ufffd": [3, 4]}),
    ("a number may be a word", "1 1\n5 6\n", {"5": [6]}),
    ("empty lines are no words", "the 1 2\n\n", {"the": [1, 2]}),
]


@pytest.mark.parametrize(("content", "expected"), [case[1:] for case in CONTENTS], ids=[case[0] for case in CONTENTS])
def test_lines_and_their_words(tmp_path, content, expected):
    assert vectors_in(file_of(tmp_path, content)) == expected


def test_the_wanted_words_and_the_first_ones_are_kept(tmp_path):
    path = file_of(tmp_path, WITH_COUNTS)
    assert list(vectors_in(path, {"cat"}, 0)) == ["cat"]
    assert list(vectors_in(path, {"cat"}, 1)) == ["the", "cat"]
    assert read_vectors(path, {"cat"}, 1).seen == 3


BROKEN = [
    ("the 1 2\nof 1\n", "vectors.txt:2: 1 numbers behind the word, expected 2"),
    ("2 2\nthe 1 2 3\n", "vectors.txt:2: 3 numbers behind the word, expected 2"),
    ("the\n", "vectors.txt:1: 0 numbers behind the word, expected 1"),
    ("the 1 2\nof 1 x\n", "vectors.txt:2: 'x' is no finite number"),
    ("the 1 nan\n", "vectors.txt:1: 'nan' is no finite number"),
    (f"1 {'9' * 5000}\nthe 1 2\n", "is no finite number"),
    ("", "vectors.txt: holds no word vectors"),
    ("2 2\n", "vectors.txt: holds no word vectors"),
    (gzip.compress(WITH_COUNTS.encode(), mtime=0)[:-4], "the gzip data end too early"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_line_is_named(tmp_path, content, message):
    with pytest.raises(DataError, match=re.escape(message)):
        vectors_in(file_of(tmp_path, content))


def test_a_file_without_any_of_the_words_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds none of the words of the training part"):
        vectors_in(file_of(tmp_path, WITH_COUNTS), {"dog"}, 0)


def test_a_file_that_is_not_there_is_named(tmp_path):
    file_of(tmp_path, WITH_COUNTS)
    with pytest.raises(DataError, match=r"vectrs\.txt: no such file\n  Did you mean 'vectors\.txt'\?"):
        vectors_in(tmp_path / "vectrs.txt")


def test_a_word_has_its_own_vector_else_that_of_its_lower_case():
    vocabulary = Vocabulary(("a",), (1,), vector_words=("the", "The", "cat"), vector_size=2)
    assert vocabulary.numbers(["The", "THE", "cat", "Cat", "dog"])[:, 1].tolist() == [2, 1, 3, 3, 0]
