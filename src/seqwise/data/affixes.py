"""Gives every word the numbers of its parts, so that a word never seen in training is still known by its form.

A word has one hashed number for each of: its lower-cased form, its first three signs, its last two, three and four
signs, and its shape. Each part has its own share of the table, so that a prefix is never taken for a suffix.

Sources: features hashed without a dictionary as in Ganchev and Dredze, 2008, "Small Statistical Models by Random
Feature Mixing"; the choice of parts as in Ratnaparkhi, 1996, "A Maximum Entropy Model for Part-Of-Speech Tagging".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

__all__ = ["WORD_PARTS", "affix_numbers", "word_shape"]


def word_shape(word: str) -> str:
    """The word with capitals as X, other letters as x, digits as d, and every run of one sign cut to two.

    Example:
        >>> word_shape("McDonald's"), word_shape("COVID-19"), word_shape("2026")
        ("XxXxx'x", 'XX-dd', 'dd')
    """
    signs = "".join(
        "d" if sign.isdigit() else "X" if sign.isupper() else "x" if sign.isalpha() else sign for sign in word
    )
    return re.sub(r"(.)\1{2,}", r"\1\1", signs)


WORD_PARTS: tuple[Callable[[str], str], ...] = (
    str.lower,
    lambda word: word[:3].lower(),
    lambda word: word[-2:].lower(),
    lambda word: word[-3:].lower(),
    lambda word: word[-4:].lower(),
    word_shape,
)
"""The parts of a word, each a function from the word to a text."""


def affix_numbers(words: Sequence[str], buckets: int) -> NDArray[np.int64]:
    """The numbers of the words' parts.

    Args:
        words: any texts.
        buckets: how many numbers each part has.

    Returns:
        (words, parts), 1 <= number <= parts x buckets; 0 is left for padding. Two texts of one part share a number by
        chance with probability 1 / buckets.

    Example:
        >>> numbers = affix_numbers(["running", "Swimming"], buckets=1000)
        >>> numbers.shape, bool(numbers[0, 3] == numbers[1, 3]), bool(numbers[0, 0] == numbers[1, 0])
        ((2, 6), True, False)
    """
    numbers = [
        [1 + position * buckets + crc32(part(word).encode()) % buckets for position, part in enumerate(WORD_PARTS)]
        for word in words
    ]
    return np.array(numbers, dtype=np.int64).reshape(len(words), len(WORD_PARTS))
