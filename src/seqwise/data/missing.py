r"""Knows how files spell a missing label, and which of these words are labels after all.

An empty cell, null and the NaN of JSON and Parquet are always missing. Programs write words as well: `NaN`, `NULL`,
`\N`. Whether such a word is a gap or a class is decided here alone, once per target, and kept in the target's spec, so
that training, evaluation and prediction read a file alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from seqwise.data.records import Place
from seqwise.targets import Label, label_text

__all__ = ["CERTAIN", "WORDS", "Gaps", "doubtful_classes", "label_counts", "missing_words"]

_WORDS_OF_LETTERS = ("NaN", "nan", "NAN", "NULL", "null", "Null")
_MARKS = ("-nan", "-NaN", "NaT", "#N/A", "#NA", "#N/A N/A", "#NULL!", "<NA>", "<null>", "<NULL>", "(null)", "\\N")
CERTAIN = frozenset((*_WORDS_OF_LETTERS, *_MARKS))
"""What databases, spreadsheets and data frames write where nothing is; hardly ever the name of a class."""

_NAMES = frozenset(("NA", "None"))
_SIGNS = frozenset(("?", "-", "--", "---", "\u2013", "\u2014"))
_IGNORED = "-100"
_DOUBTFUL = frozenset((*_NAMES, *_SIGNS, "N/A", "n/a", "N.A.", "n.a.", _IGNORED))

WORDS = CERTAIN | _DOUBTFUL
"""Every word that may mark a missing label."""

_COMPANY = 10
"""So many other labels of one form, such as codes of two capitals, make a word of that form one of them."""


def missing_words(counts: Mapping[str, int], *, flags: bool = False, classes: Collection[str] = ()) -> tuple[str, ...]:
    """The words that mark a missing label of a target, sorted.

    * In columns of 0 and 1 every word does: none of them can be a label there.
    * Beside labels that are all numbers every word does too; -100, the index that losses ignore, where the others are
      whole numbers from 0 on.
    * Else the certain ones do. A word of letters does not where it is more than half of all labels, or one of many
      labels of its form: `nan` (Min Nan) among codes of three letters.

    Args:
        counts: how often each label occurs in a sample, as text.
        flags: whether the target has a column of 0 and 1 for each label.
        classes: labels that the user named as such.
    """
    if flags:
        return tuple(sorted(WORDS - set(classes)))
    others = {label: count for label, count in counts.items() if label not in WORDS}
    words = set(CERTAIN)
    if others and all(map(_is_number, others)):
        words |= _DOUBTFUL - {_IGNORED}
        if all(map(str.isdecimal, others)):
            words.add(_IGNORED)
    else:
        half = sum(counts.values()) / 2
        words -= {word for word in _WORDS_OF_LETTERS if counts.get(word, 0) > half or _in_company(word, others)}
    return tuple(sorted(words - set(classes)))


def doubtful_classes(counts: Mapping[str, int], *, classes: Collection[str] = ()) -> list[str]:
    """The labels of a target that may mark missing ones, sorted; those that are plainly classes left out.

    Plainly a class is a word that the user named as one; one of many labels of its form (`NA`, Namibia, among codes of
    two capitals); `NA` and `None` with at least an even share of the labels; a sign among other signs (`-` beside `+`,
    `?` beside `.`), or as more than half of all labels; -100 beside other negative numbers.

    Args:
        counts: how often each class occurs.
        classes: labels that the user named as such.
    """
    others = {label: count for label, count in counts.items() if label not in WORDS and count}
    return sorted(
        word
        for word, count in counts.items()
        if word in WORDS and count and word not in classes and not _is_plain(word, count, others)
    )


def _is_plain(word: str, count: int, others: Mapping[str, int]) -> bool:
    if word == _IGNORED:
        return any(_is_number(label) and label.startswith("-") for label in others)
    if word in _SIGNS:
        return count > sum(others.values()) or any(not re.search(r"\w", label) for label in others)
    return _in_company(word, others) or (word in _NAMES and count * len(others) >= sum(others.values()))


def _in_company(word: str, others: Collection[str]) -> bool:
    """Whether many other labels, and all of them, have as many letters of the same case."""
    return len(others) >= _COMPANY and word.isalpha() and all(_form(label) == _form(word) for label in others)


def _form(label: str) -> tuple[int, bool, bool, bool]:
    return len(label), label.isalpha(), label.islower(), label.isupper()


def _is_number(label: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", label) is not None


@dataclass
class Gaps:
    """Counts the words that were read as missing labels, and keeps where each stood first."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, str] = field(default_factory=dict)

    def add(self, word: str, place: Place) -> None:
        """One more cell that holds this word."""
        self.counts[word] += 1
        if word not in self.places:
            self.places[word] = str(place)

    def update(self, other: Gaps) -> None:
        """Those of further rows."""
        self.counts.update(other.counts)
        self.places = other.places | self.places


def label_counts(labels: Iterable[Label | None]) -> Counter[str]:
    """How often each label occurs, as text."""
    return Counter(label_text(label).strip() for label in labels if label is not None)
