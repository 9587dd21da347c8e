"""Says what separates the labels of a set in one cell, and only where the cells prove it.

A sign between words may separate labels (`sport|economy`) or belong to one (`and/or`). It separates them where the
parts live on elsewhere: as cells of their own, or beside other parts.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from seqwise.data.lists import is_enclosed, label_set
from seqwise.data.missing import WORDS

__all__ = [
    "SIGNS",
    "cut",
    "has_hashes",
    "in_brackets",
    "repeats",
    "separates",
    "separator_of",
    "sign_flag",
    "sign_name",
]

SIGNS = ("|", ";", ",")
"""Signs that separate labels where the user says that cells hold sets, the strongest first."""
_FOUND = (*SIGNS, "/")
_MOST_WORDS = 4
_NAMES = {" ": "blank", "\t": "tab"}


def separator_of(cells: Sequence[str]) -> str | None:
    """What separates labels in these cells, as far as they prove it; None where each holds one label."""
    strings = [cell for cell in cells if label_set(cell) is None]
    if has_hashes(strings):
        return " "
    return next((sign for sign in _FOUND if separates(sign, strings)), None)


def separates(sign: str, cells: Iterable[str]) -> bool:
    """Whether a sign separates labels, proven by all that follows.

    * it stands in one cell (`|`, `;`) or in two different ones;
    * more than half of the parts that it makes (`|`, `;`), or three quarters of them, stand in several different cells;
    * a part is a whole cell too; for `|` and `;` it is enough that cells have different numbers of parts, or that a
      part stands at different places;
    * parts occur twice on average, there are not more of them than different cells, and none is a sentence.
    """
    strong = sign in "|;"
    rows = [parts for cell in cells if cell not in WORDS and (parts := cut(cell, sign))]
    distinct = {tuple(parts) for parts in rows}
    several = [parts for parts in distinct if len(parts) > 1]
    if len(several) < (1 if strong else 2) or any(len(part.split()) > _MOST_WORDS for row in distinct for part in row):
        return False
    homes = Counter(part for parts in distinct for part in set(parts))
    inside = {part for parts in several for part in parts}
    recurring = sum(homes[part] > 1 for part in inside)
    enough = recurring * 2 > len(inside) if strong else recurring * 4 >= len(inside) * 3
    if not enough or len(homes) > len(distinct):
        return False
    if sum(map(len, rows)) < 2 * len(homes):
        return False
    return any(parts[0] in inside for parts in distinct if len(parts) == 1) or (strong and _is_loose(several))


def _is_loose(several: Sequence[tuple[str, ...]]) -> bool:
    """Whether the parts are no fixed fields: their number varies, or one stands at several places."""
    places = {(part, place) for parts in several for place, part in enumerate(parts)}
    return len({len(parts) for parts in several}) > 1 or len(places) > len({part for part, _ in places})


def repeats(sign: str, cells: Iterable[str]) -> bool:
    """Whether a sign stands in some cells, and the parts that it makes occur twice on average."""
    rows = [cut(cell, sign) for cell in cells]
    parts = [part for row in rows for part in row]
    return any(len(row) > 1 for row in rows) and len(parts) >= 2 * len(set(parts))


def cut(cell: str, sign: str) -> list[str]:
    """The parts between the signs, without blanks around them; empty ones left out."""
    return [part for piece in cell.split(sign) if (part := piece.strip())]


def has_hashes(cells: Sequence[str]) -> bool:
    """Whether the cells are hashtags between blanks, and some hold several."""
    words = [cell.split() for cell in cells if cell not in WORDS]
    return any(len(row) > 1 for row in words) and all(
        len(word) > 1 and word.startswith("#") and "#" not in word[1:] and word[-1] not in _FOUND
        for row in words
        for word in row
    )


def in_brackets(cells: Sequence[str]) -> list[str] | None:
    """What stands in the brackets of bare lists such as `[Short Film, Family]`; None where cells are something else.

    Every cell must be one pair of square brackets, or every cell one of round ones, none a list that can be read as it
    stands, and some must hold commas that separate labels; see `separates`.
    """
    cells = [cell for cell in cells if cell not in WORDS]
    opening = cells[0].strip()[:1] if cells else ""
    if opening not in ("[", "(") or any(
        label_set(cell) is not None or not is_enclosed(cell, opening) for cell in cells
    ):
        return None
    inner = [cell.strip()[1:-1] for cell in cells]
    return inner if separates(",", inner) else None


def sign_name(sign: str) -> str:
    """How a separator is called.

    Examples:
        >>> sign_name(" "), sign_name("|")
        ('a blank', "'|'")
    """
    return f"a {_NAMES[sign]}" if sign in _NAMES else f"'{sign}'"


def sign_flag(sign: str) -> str:
    """How a separator is named in a command.

    Examples:
        >>> sign_flag(" "), sign_flag("|")
        ('--label-separator blank', "--label-separator '|'")
    """
    return f"--label-separator {_NAMES.get(sign) or shlex.quote(sign)}"
