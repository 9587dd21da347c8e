r"""Recognises words that mark missing labels, and which of them are labels after all.

An empty cell, null and the NaN of JSON and Parquet are always missing. Programs also write words such as
`NaN`, `NULL` and `\N`. Only this module decides whether such a word is a missing label or a class, once per target, and
the target's spec records it, so that training, evaluation and prediction read a file the same way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from seqwise.data.records import Place
from seqwise.targets import Label, label_text

__all__ = [
    "CERTAIN",
    "WORDS",
    "Gaps",
    "doubtful_classes",
    "label_counts",
    "may_be_missing",
    "missing_words",
    "noted_classes",
]

_WORDS_OF_LETTERS = ("NaN", "nan", "NAN", "NULL", "null", "Null")
_MARKS = ("-nan", "-NaN", "NaT", "#N/A", "#NA", "#N/A N/A", "#NULL!", "<NA>", "<null>", "<NULL>", "(null)", "\\N")
CERTAIN = frozenset((*_WORDS_OF_LETTERS, *_MARKS))
"""The words that databases, spreadsheets and data frames write for a missing value; rarely class names."""

_NAMES = frozenset(("NA", "None", "NIL", "Nil"))
_SIGNS = frozenset(("?", "??", "???", "-", "--", "---", "\u2013", "\u2014", "_", ".", "..", "..."))
_IGNORED = "-100"
_ERRORS = ("VALUE!", "REF!", "DIV/0!", "NAME?", "NUM!", "ERROR!", "SPILL!", "CALC!", "FIELD!", "GETTING_DATA")
_BLANKS = ("(blank)", "(empty)", "(none)", "(missing)", "<none>", "<None>", "<missing>", "[none]")
_DOUBTFUL = frozenset(
    (*_NAMES, *_SIGNS, *_BLANKS, *(f"#{error}" for error in _ERRORS), "N/A", "n/a", "N.A.", "n.a.", _IGNORED)
)

WORDS = CERTAIN | _DOUBTFUL
"""Every word that may mark a missing label."""

_LANGUAGE = frozenset(
    (
        *("none", "nil", "na", "missing", "undefined", "unknown", "unk", "<unk>", "[unk]", "blank", "empty", "void"),
        *("unlabeled", "unlabelled", "unannotated", "not labeled", "not labelled", "not annotated", "no label"),
        *("not available", "not applicable", "tbd", "todo", "to do"),
    )
)
"""Words that people write where nothing is, in any case; most of them name a class as well."""

_CODES = frozenset(("-1", "-9", "-99", "-999", "-9999", _IGNORED))
_HIGH_CODES = frozenset(("99", "999", "9999"))
"""Numbers that questionnaires, libraries and losses write where nothing is."""
_ANSWERS = 10
"""Below this all other numbers must stay beside a high code."""

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
    two capitals); `NA`, `None` and `NIL` with at least an even share of the labels; a character among other
    characters (`-` beside `+`, `?` beside `.`), or
    as more than half of all labels. Numbers are in doubt as `_doubtful_codes` says.

    Args:
        counts: how often each class occurs.
        classes: labels that the user named as such.
    """
    others = {label: count for label, count in counts.items() if label not in WORDS and count}
    if "." in counts and not _SIGNS.isdisjoint(set(counts) - {"."}):
        others["."] = counts["."]  # punctuation
    words = {
        word
        for word, count in counts.items()
        if word in WORDS and word not in (_IGNORED, *others) and count and not _is_plain(word, count, others)
    }
    return sorted((words | _doubtful_codes([label for label, count in counts.items() if count])) - set(classes))


def noted_classes(counts: Mapping[str, int], *, classes: Collection[str] = ()) -> list[str]:
    """The labels of a target that are words of a language for nothing, sorted: most likely classes, so merely noted.

    Nothing is noted of a word that the user named as a class, that has more than half of all labels, or that is one of
    many labels of its form.
    """
    total = sum(counts.values())
    others = {label: count for label, count in counts.items() if label.casefold() not in _LANGUAGE and count}
    return sorted(
        word
        for word, count in counts.items()
        if count and word.casefold() in _LANGUAGE and word not in WORDS and word not in classes
        if 2 * count <= total and not _in_company(word, others)
    )


def may_be_missing(word: str) -> bool:
    """Whether a label is a word that may mark a missing one."""
    return word in WORDS or word.casefold() in _LANGUAGE or _whole(word) in _CODES | _HIGH_CODES


def _doubtful_codes(labels: Collection[str]) -> set[str]:
    """The numbers that may mark missing labels.

    A negative code is in doubt beside words, and beside whole numbers none of which is negative but for such codes; -1
    only where some number is above 1, since (-1, 0, 1) are three answers. A high code is in doubt beside numbers from 0
    to 9.
    """
    numbers = {label: _whole(label) for label in labels if _is_number(label)}
    codes = {label for label, whole in numbers.items() if whole in _CODES}
    high = {label for label, whole in numbers.items() if whole in _HIGH_CODES}
    others = [float(label) for label in numbers if label not in codes]
    if any(number < 0 for number in others):
        return set()
    highest = max(others, default=0.0)
    if len(numbers) == len(labels) and highest <= 1:
        codes = {label for label in codes if numbers[label] != "-1"}
    answers = [float(label) for label in numbers if label not in codes | high]
    is_low = bool(answers) and len(numbers) == len(labels) and max(answers) < _ANSWERS
    return codes | (high if is_low else set())


def _whole(label: str) -> str:
    """A number without a fraction of zero, as pandas writes it."""
    return label.removesuffix(".0")


def _is_plain(word: str, count: int, others: Mapping[str, int]) -> bool:
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
