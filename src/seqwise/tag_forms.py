"""Recognises how tags of spans are spelled: `B-x`, `B_x`, `x-B`, `b:x`, the letter alone, or the type alone.

A form is named by an example: `x` stands for the type, `B` for the letter of the role.

| form          | tags                                | also called                  |
|---------------|-------------------------------------|------------------------------|
| `B-x`         | `B-PER`, `I-PER`, `O`               | the usual prefix             |
| `B_x`, `B:x`  | `B_PER`, `I_PER`, `O`               | any other separator          |
| `x-B`, `x_B`  | `PER-B`, `PER-I`, `O`               | suffix                       |
| `b-x`, `x-b`  | `b-per`, `i-per`, `o`               | lower-case letters           |
| `B`, `b`      | `B`, `I`, `O`, or `B`, `M`, `E`, `S`| spans without a type         |
| `x`           | `PER`, `LOC`, `O`                   | IO, each run of one type is a span |

The letters are B (begin), I or M (inside), E or L (end), S, U or W (single). A tag that does not match the form is
outside every span, like `O`, and remains a label of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["ROLES", "USUAL_FORM", "FoundForm", "found_form", "span_role"]

ROLES = "OBIES"
"""The roles of a tag: outside, begin, inside, end, single."""
USUAL_FORM = "B-x"
FEW = 0.1
"""The fraction of the tags inside spans that may have another form."""

_ROLES = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}
_LETTERS = "".join(_ROLES)
_LETTER = f"[{_LETTERS}{_LETTERS.lower()}]"
_PREFIXED = re.compile(rf"({_LETTER})([^\w\s]|_).+", re.DOTALL)
_SUFFIXED = re.compile(rf".+([^\w\s]|_)({_LETTER})", re.DOTALL)
_TYPE_ALONE = re.compile(r"[^\W\d_][\w+&/-]*\w")
_OUTSIDE = ("O", "o", "0", "-", "_", "*", "OUT", "OTHER", "Other", "other")
_BARE_SETS = ("BI", "I", "BIS", "BIES", "BILU", "BME", "BMES", "BES", "BMEW", "BEW")
_BARE_TYPE = "span"
_TYPE_FORM = "x"


def span_role(tag: str, form: str) -> tuple[str, str]:
    """The role of a tag (B, I, E, S, or O for outside) and the type of its span.

    Examples:
        >>> span_role("B-PER", "B-x"), span_role("PER_E", "x_B"), span_role("m", "b"), span_role("-", "B-x")
        (('B', 'PER'), ('E', 'PER'), ('I', 'span'), ('O', ''))
    """
    if form == _TYPE_FORM:
        return ("I", tag) if tag != "O" and _TYPE_ALONE.fullmatch(tag) else ("O", "")
    letter, kind = tag, _BARE_TYPE
    if len(form) > 1 and form.endswith("x"):
        letter, kind = (tag[0], tag[2:]) if len(tag) > 2 and tag[1] == form[1] else ("", "")
    elif len(form) > 1:
        letter, kind = (tag[-1], tag[:-2]) if len(tag) > 2 and tag[-2] == form[1] else ("", "")
    upper = letter.upper() if ("b" in form) == letter.islower() else ""
    return (_ROLES[upper], kind) if upper in _ROLES else ("O", "")


@dataclass(frozen=True)
class FoundForm:
    """The detected form of tags.

    Attributes:
        form: see the module docstring.
        outside: the tag for tokens outside spans; None if there is none.
        odd: the tags that neither match the form nor are `outside`, most frequent first.
        inside: number of tags other than `outside`, odd ones included.
        is_certain: whether few enough tags are odd that the tags certainly mark spans.
    """

    form: str
    outside: str | None
    odd: tuple[str, ...]
    inside: int
    is_certain: bool


def found_form(counts: Mapping[str, int]) -> FoundForm | None:
    """The form of most tags, given the count of each tag; None for tags that mark no spans.

    Tags mark spans if nine in ten of those inside spans have one form and the letters are consistent: some span begins
    or continues, and there is an outside tag or a span can end. Tags of a single letter must follow a known scheme.

    Examples:
        >>> found_form({"O": 90, "PER_B": 5, "PER_I": 4, "0": 1})
        FoundForm(form='x_B', outside='O', odd=('0',), inside=10, is_certain=True)
        >>> found_form({"NOUN": 9, "VERB": 4}) is None
        True
    """
    found = [_found(counts, form) for form in _candidates(counts)]
    plausible = [each for each in found if each is not None]
    if not plausible:
        return _found(counts, _TYPE_FORM)
    return min(plausible, key=lambda each: (not each.is_certain, sum(counts[tag] for tag in each.odd)))


def _candidates(counts: Iterable[str]) -> list[str]:
    """The forms that at least one tag may have, the usual one first."""
    forms = {USUAL_FORM: None}
    for tag in counts:
        if match := _PREFIXED.fullmatch(tag):
            forms[("b" if match[1].islower() else "B") + match[2] + "x"] = None
    for tag in counts:
        if match := _SUFFIXED.fullmatch(tag):
            forms["x" + match[1] + ("b" if match[2].islower() else "B")] = None
    return [*forms, "B", "b"]


def _found(counts: Mapping[str, int], form: str) -> FoundForm | None:
    """The match of one form; None if it does not fit."""
    roles = {tag: span_role(tag, form) for tag in counts}
    fitting = [tag for tag, (role, _) in roles.items() if role != "O"]
    outside = _outside(counts, form)
    odd = sorted((tag for tag in counts if tag not in fitting and tag != outside), key=lambda tag: -counts[tag])
    few = sum(counts[tag] for tag in odd)
    inside = sum(counts[tag] for tag in fitting) + few
    if not fitting or few > 0.5 * inside or not _makes_sense(counts, form, fitting, outside):
        return None
    is_few = few <= FEW * inside
    return FoundForm(form, outside, tuple(odd), inside, is_few) if is_few or len(form) == 3 else None


def _outside(counts: Mapping[str, int], form: str) -> str | None:
    """The tag for tokens outside spans: `O` if it occurs, else the most frequent of the usual alternatives."""
    if "O" in counts and "b" not in form:
        return "O"
    return max((tag for tag in _OUTSIDE if tag in counts), key=lambda tag: counts[tag], default=None)


def _makes_sense(counts: Mapping[str, int], form: str, fitting: list[str], outside: str | None) -> bool:
    """Whether the letters that occur are consistent with spans."""
    if form == _TYPE_FORM:
        return outside == "O" and 2 * counts["O"] >= sum(counts.values())
    roles = {span_role(tag, form)[0] for tag in fitting}
    if len(form) == 1:
        letters = "".join(sorted("".join(fitting).upper(), key=_LETTERS.index))
        known = {"".join(sorted(each, key=_LETTERS.index)) for each in _BARE_SETS}
        return letters in known and (outside is not None or "E" in roles)
    if form == USUAL_FORM and len(fitting) + (outside == "O") == len(counts):
        return True
    return bool(roles & set("BIS")) if outside is not None else roles >= set("BE") or roles >= set("BI")
