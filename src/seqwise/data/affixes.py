"""Affix and shape features of words, which generalise to words never seen in training.

The features are the lower-cased word, its first one to four characters, its last one to five, and its shape. All
features of the training words are kept, since a new word may share them. Unknown features of a new word are ignored.

Source: features as in Ratnaparkhi, 1996, "A Maximum Entropy Model for Part-Of-Speech Tagging".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["AFFIX_FEATURES", "AffixFeatures", "word_shape"]


def word_shape(word: str) -> str:
    """The word with capitals as X, other letters as x, digits as d, and every run of one character cut to two.

    Examples:
        >>> word_shape("McDonald's"), word_shape("COVID-19"), word_shape("2026")
        ("XxXxx'x", 'XX-dd', 'dd')
    """
    classes = "".join("d" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in word)
    return re.sub(r"(.)\1{2,}", r"\1\1", classes)


def _prefix(length: int) -> Callable[[str], str]:
    return lambda word: word[:length].lower()


def _suffix(length: int) -> Callable[[str], str]:
    return lambda word: word[-length:].lower()


AFFIX_FEATURES: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    **{f"prefix {length}": _prefix(length) for length in (1, 2, 3, 4)},
    **{f"suffix {length}": _suffix(length) for length in (1, 2, 3, 4, 5)},
    "shape": word_shape,
}
"""The features of a word by their names, each a function from the word to a text."""


@dataclass(frozen=True)
class AffixFeatures:
    """The affix and shape features that a model knows; id 0 stands for every other one.

    Attributes:
        known: by the feature's name, in the order of the ids: its texts, the first of all with the id 1.

    Examples:
        >>> features = AffixFeatures.of(["running", "Swimming", "swims"], limit=1000)
        >>> [features.known["suffix 3"], features.known["prefix 3"], features.known["shape"]]
        [('ing', 'ims'), ('swi', 'run'), ('xx', 'Xxx')]
        >>> numbers = features.numbers(["Ending", "sing"])
        >>> numbers.shape, (numbers[0] == numbers[1]).tolist()
        ((2, 11), [True, False, True, True, True, True, True, True, True, True, False])
    """

    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, words: Iterable[str], limit: int) -> AffixFeatures:
        """The features of these distinct words, at most `limit`: those of the most words."""
        distinct = sorted(set(words))
        counts = Counter((name, feature(word)) for name, feature in AFFIX_FEATURES.items() for word in distinct)
        ordered = sorted((-count, key) for key, count in counts.items())[:limit]
        known: dict[str, list[str]] = {name: [] for name in AFFIX_FEATURES}
        for _, (name, text) in ordered:
            known[name].append(text)
        return cls({name: tuple(texts) for name, texts in known.items()} if limit else {})

    def __len__(self) -> int:
        return sum(map(len, self.known.values()))

    @cached_property
    def _numbers(self) -> dict[str, dict[str, int]]:
        numbers: dict[str, dict[str, int]] = {}
        first = 1
        for name, texts in self.known.items():
            numbers[name] = {text: number for number, text in enumerate(texts, start=first)}
            first += len(texts)
        return numbers

    def numbers(self, words: Sequence[str]) -> NDArray[np.int64]:
        """(words, kinds of features) the ids of the words' features, 0 <= id <= len(self)."""
        columns = [
            [numbers.get(AFFIX_FEATURES[name](word), 0) for word in words] for name, numbers in self._numbers.items()
        ]
        return np.array(columns, dtype=np.int64).reshape(len(columns), len(words)).T
