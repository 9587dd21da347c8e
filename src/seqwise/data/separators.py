"""Detects the separator of several labels in one cell, only on sufficient evidence.

A character between words may separate labels (`sport|economy`) or belong to one (`and/or`). It is a separator if the
parts also occur elsewhere, as whole cells or next to other parts. If the cells only suggest it, the user is asked.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from seqwise.data.lists import BRACKETS, is_enclosed, label_set, quoted_labels
from seqwise.data.missing import WORDS

__all__ = [
    "SIGNS",
    "cut",
    "doubtful_sign",
    "enclosed_labels",
    "hash_sign",
    "mixed_signs",
    "repeats",
    "separates",
    "separator_flag",
    "separator_name",
    "separator_of",
]

SIGNS = ("|", ";", "\n", ",")
"""Characters that separate labels where the user says that cells hold sets, the strongest first."""
_STRONG = ("|", ";", "\n")
_WIDE = ("\uff5c", "\uff1b", "\u3001", "\uff0c", "\u061b", "\u060c")
"""The bar, the semicolon and the commas of Chinese, Japanese and Arabic."""
_FOUND = (*SIGNS, "/", "::", "~", *_WIDE)
_AND = (" and ", " & ")
_ASKED = (" ", *_AND, "+", " und ", " et ", " y ")
"""Characters and words that belong to labels so often that no cells prove anything about them."""
_OF_NUMBERS = frozenset("/-.:")
"""Characters that stand inside dates, times and ranges."""
_PUNCTUATION = re.compile(r"</?\w+ ?/?>|\[[A-Z]+\]|[^\w\s]+")
_MOST_WORDS = 4
_NAMES = {" ": "blank", "\t": "tab", "\n": "newline"}
_IN_WORDS = {" ": "a blank", "\t": "a tab", "\n": "a line break"}


def separator_of(cells: Sequence[str]) -> str | None:
    """The separator of labels that these cells prove; None where each holds one label."""
    strings = [cell for cell in cells if label_set(cell) is None]
    sign = hash_sign(strings)
    return sign or next((sign for sign in _FOUND if separates(sign, strings)), None)


def doubtful_sign(cells: Sequence[str]) -> str | None:
    """A likely but unproven separator of labels in these cells; None without evidence for one."""
    strings = [cell for cell in cells if label_set(cell) is None]
    signs = Counter(sign for cell in set(strings) for sign in set(_PUNCTUATION.findall(cell)))
    others = [sign for sign, count in signs.most_common(5) if count > 1]
    likely = next((sign for sign in dict.fromkeys((*_FOUND, *_ASKED, *others)) if separates(sign, strings)), None)
    return likely or next((sign for sign in (*_FOUND, *_ASKED, *others) if _may_separate(sign, strings)), None)


def mixed_signs(cells: Sequence[str]) -> tuple[str, str] | None:
    """Two characters that both separate labels: each does so in what the other one leaves."""
    strings = [cell for cell in cells if label_set(cell) is None]
    present = [sign for sign in (*_FOUND, *_AND) if any(sign in cell for cell in strings)]
    return next((pair for pair in combinations(present, 2) if _are_mixed(*pair, strings)), None)


def _are_mixed(one: str, other: str, cells: Sequence[str]) -> bool:
    """Whether each of two characters is proven by the parts that the other one makes, some of which stand alone."""
    cuts = (
        _Cuts.of(sign, [part for cell in cells for part in cut(cell, by)]) for sign, by in ((one, other), (other, one))
    )
    return all(each.several and each.is_closed and each.has_whole and each.recurs_mostly for each in cuts)


def separates(sign: str, cells: Iterable[str]) -> bool:
    """Whether a character separates labels, proven by all that follows.

    * it stands in one cell (`|`, `;`, a line break) or in two different ones;
    * more than half of the parts that it makes (of the same three), or three quarters of them, stand in several
      different cells;
    * a part is a whole cell too; for the same three it is enough that cells have different numbers of parts, or that a
      part stands at different places;
    * parts occur twice on average, there are not more of them than different cells, and none is a sentence.
    """
    cuts = _Cuts.of(sign, cells)
    if sign in _STRONG:
        proven = bool(cuts.several) and cuts.recurs_partly and (cuts.has_whole or cuts.varies or cuts.moves)
    else:
        proven = len(cuts.several) > 1 and cuts.recurs_mostly and cuts.has_whole
    return proven and cuts.is_closed


def _may_separate(sign: str, cells: Iterable[str]) -> bool:
    """Whether all parts of some cell are whole cells elsewhere, or a character cuts cells whose parts change places."""
    cuts = _Cuts.of(sign, cells)
    if not cuts.several or cuts.has_sentence or (_OF_NUMBERS & set(sign) and cuts.has_numbers):
        return False
    if any(all((part,) in cuts.distinct for part in parts) for parts in cuts.several):
        return True
    return sign in _FOUND and len(cuts.several) > 1 and cuts.recurs_partly and cuts.moves and cuts.is_closed


@dataclass(frozen=True)
class _Cuts:
    """The result of splitting cells at a separator.

    Attributes:
        rows: the parts of each cell.
        distinct: the different ones of these.
        several: those of more than one part.
        homes: in how many different cells each part stands.
    """

    rows: list[tuple[str, ...]]
    distinct: set[tuple[str, ...]]
    several: list[tuple[str, ...]]
    homes: Counter[str]

    @classmethod
    def of(cls, sign: str, cells: Iterable[str]) -> _Cuts:
        """Splits cells at a separator, leaving out words for a missing label."""
        rows = [tuple(parts) for cell in cells if cell not in WORDS and (parts := cut(cell, sign))]
        distinct = set(rows)
        several = [parts for parts in distinct if len(parts) > 1]
        return cls(rows, distinct, several, Counter(part for parts in distinct for part in set(parts)))

    @cached_property
    def inside(self) -> set[str]:
        """The parts of cells with several."""
        return {part for parts in self.several for part in parts}

    @property
    def recurs_partly(self) -> bool:
        """Whether more than half of these parts stand in several different cells."""
        return sum(self.homes[part] > 1 for part in self.inside) * 2 > len(self.inside)

    @property
    def recurs_mostly(self) -> bool:
        """Whether three quarters of these parts do."""
        return sum(self.homes[part] > 1 for part in self.inside) * 4 >= len(self.inside) * 3

    @property
    def has_whole(self) -> bool:
        """Whether one of these parts is a whole cell elsewhere."""
        return any((part,) in self.distinct for part in self.inside)

    @property
    def varies(self) -> bool:
        """Whether cells have different numbers of parts."""
        return len({len(parts) for parts in self.several}) > 1

    @property
    def moves(self) -> bool:
        """Whether some part stands at different places, so that the parts are no fixed fields."""
        places = {(part, place) for parts in self.several for place, part in enumerate(parts)}
        return len(places) > len(self.inside)

    @property
    def has_sentence(self) -> bool:
        """Whether some part has more words than labels have."""
        return any(len(part.split()) > _MOST_WORDS for part in self.homes)

    @property
    def has_numbers(self) -> bool:
        """Whether every part of cells with several is a number."""
        return all(part.isdecimal() for part in self.inside)

    @property
    def is_closed(self) -> bool:
        """Whether parts occur twice on average, are not more than different cells, and none is a sentence."""
        return (
            len(self.homes) <= len(self.distinct)
            and sum(map(len, self.rows)) >= 2 * len(self.homes)
            and not self.has_sentence
        )


def repeats(sign: str, cells: Iterable[str]) -> bool:
    """Whether a character stands in some cells, and the parts that it makes occur twice on average."""
    rows = [cut(cell, sign) for cell in cells]
    parts = [part for row in rows for part in row]
    return any(len(row) > 1 for row in rows) and len(parts) >= 2 * len(set(parts))


def cut(cell: str, sign: str) -> list[str]:
    """The parts between the characters, without blanks around them; empty ones left out."""
    return [part for piece in cell.split(sign) if (part := piece.strip())]


def hash_sign(cells: Sequence[str]) -> str | None:
    """The labels between hashtags, where cells are nothing else and some hold several; else None.

    Examples:
        >>> hash_sign(["#a #b", "#a"]), hash_sign(["#a#b", "#a"]), hash_sign(["a #b"])
        (' ', '#', None)
    """
    words = [cell.split() for cell in cells if cell not in WORDS]
    if not all(re.fullmatch(r"(#[^#|;,/]+)+", word) for row in words for word in row):
        return None
    if any("#" in word[1:] for row in words for word in row):
        return "#"
    return " " if any(len(row) > 1 for row in words) else None


def enclosed_labels(cells: Sequence[str]) -> list[str] | None:
    """The labels, with commas between them, of cells that are lists for people; None where cells are something else.

    They may stand in brackets of any form, `[Short Film, Family]` or `{Short Film,Family}`: every cell must be one pair
    of them, none a list that can be read as it stands, and some must hold commas that separate labels; see `separates`.
    Or each label stands in quotes, `'Short Film', 'Family'`, in every cell, and in some several do.
    """
    cells = [cell for cell in cells if cell not in WORDS]
    quoted = [quoted_labels(cell) for cell in cells]
    if all(quoted) and any(len(labels or ()) > 1 for labels in quoted):
        return [",".join(labels or ()) for labels in quoted]
    opening = cells[0].strip()[:1] if cells else ""
    if opening not in tuple(BRACKETS) or any(
        label_set(cell) is not None or not is_enclosed(cell, opening) for cell in cells
    ):
        return None
    inner = [cell.strip()[1:-1] for cell in cells]
    return inner if separates(",", inner) else None


def separator_name(sign: str) -> str:
    """How a separator is called.

    Examples:
        >>> separator_name(" "), separator_name("|")
        ('a blank', "'|'")
    """
    return _IN_WORDS.get(sign, f"'{sign}'")


def separator_flag(sign: str) -> str:
    r"""How a separator is named in a command.

    Examples:
        >>> separator_flag(" "), separator_flag("|"), separator_flag("\n")
        ('--label-separator blank', "--label-separator '|'", '--label-separator newline')
    """
    return f"--label-separator {_NAMES.get(sign) or shlex.quote(sign)}"
