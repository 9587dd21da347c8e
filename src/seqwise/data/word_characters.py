"""Encodes words as character ids, for encoders that read words character by character.

A word is a row of ids: one for its start, one per character, one for its end, then padding. A word that is too long for
the row loses its middle, since prefixes and suffixes are the most informative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHARACTERS_RESERVED", "MOST_CHARACTERS", "character_numbers", "known_characters"]

CHARACTERS_RESERVED = 4
"""Numbers that no character has: 0 padding, 1 any character that is not known, 2 the beginning, 3 the end of a word."""
MOST_CHARACTERS = 24
"""The most ids of characters per word, its beginning and its end counted."""

_UNKNOWN, _BEGIN, _END = 1, 2, 3


def known_characters(words: Iterable[str]) -> tuple[str, ...]:
    """The characters of two or more of these distinct words, the most frequent first.

    A character of a single word is left out: it stands for those that are not known, so that their vector is trained.

    Examples:
        >>> known_characters(["abba", "ab", "bc"])
        ('b', 'a')
    """
    counts = Counter(character for word in set(words) for character in set(word))
    kept = [(character, count) for character, count in counts.items() if count > 1]
    return tuple(character for character, _ in sorted(kept, key=lambda pair: (-pair[1], pair[0])))


def character_numbers(words: Sequence[str], known: Sequence[str], length: int) -> NDArray[np.int64]:
    """The numbers of the words' characters.

    Args:
        words: any texts.
        known: the characters with a number of their own; character i has the number i + 4.
        length: of a row, 3 or more.

    Returns:
        (words, length), 0 <= number < len(known) + 4.

    Examples:
        >>> character_numbers(["ab", "abcabc"], known="abc", length=5).tolist()
        [[2, 4, 5, 3, 0], [2, 4, 5, 6, 3]]
    """
    numbers = {character: number for number, character in enumerate(known, start=CHARACTERS_RESERVED)}
    rows = np.zeros((len(words), length), dtype=np.int64)
    room = length - 2
    for row, word in zip(rows, words, strict=True):
        shown = word if len(word) <= room else word[: room - room // 2] + word[len(word) - room // 2 :]
        ids = [_BEGIN, *(numbers.get(character, _UNKNOWN) for character in shown), _END]
        row[: len(ids)] = ids
    return rows
