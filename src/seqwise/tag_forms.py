"""How the tags of spans are spelled: `B-x`, `B_x`, `x-B`, `b:x`, the letter alone, or the type alone.

A form is written as its own example: `x` stands for the type, `B` for the letter of the step.

| form          | tags                                | also called                  |
|---------------|-------------------------------------|------------------------------|
| `B-x`         | `B-PER`, `I-PER`, `O`               | the usual prefix             |
| `B_x`, `B:x`  | `B_PER`, `I_PER`, `O`               | any other separator          |
| `x-B`, `x_B`  | `PER-B`, `PER-I`, `O`               | suffix                       |
| `b-x`, `x-b`  | `b-per`, `i-per`, `o`               | lower-case letters           |
| `B`, `b`      | `B`, `I`, `O`, or `B`, `M`, `E`, `S`| spans without a type         |
| `x`           | `PER`, `LOC`, `O`                   | IO, a run of one type a span |

The letters are B (begin), I or M (inside), E or L (end), S, U or W (single). A tag that is not of the form is outside
every span, as `O` is, and remains a label of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["ROLES", "USUAL_FORM", "FoundForm", "found_form", "span_role"]

ROLES = "OBIES"
"""What a tag says of its step: outside, begin, inside, end, single."""
USUAL_FORM = "B-x"
FEW = 0.1
"""The share of the tags that are not outside which may be of another form."""

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
    """What a tag says: its role (B, I, E, S, or O for outside) and the type of its span.

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
    """The form that tags are spelled in.

    Attributes:
        form: see the module.
        outside: the tag that stands for no span; None where there is none.
        odd: the tags that are neither of the form nor `outside`, the most frequent first.
        inside: how many tags are not `outside`, odd ones included.
        is_certain: whether so few are odd that the tags do mark spans.
    """

    form: str
    outside: str | None
    odd: tuple[str, ...]
    inside: int
    is_certain: bool


def found_form(counts: Mapping[str, int]) -> FoundForm | None:
    """The form in which most tags are spelled, from how often each occurs; None for tags that mark no spans.

    Tags are taken to mark spans when nine of ten that are not outside have one form, and the letters make sense
    together: some span begins or goes on, and there is a tag for outside or a span can end. Letters alone have to be
    those of a scheme.

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
    """The forms that some tag may have, the usual one first."""
    forms = {USUAL_FORM: None}
    for tag in counts:
        if match := _PREFIXED.fullmatch(tag):
            forms[("b" if match[1].islower() else "B") + match[2] + "x"] = None
    for tag in counts:
        if match := _SUFFIXED.fullmatch(tag):
            forms["x" + match[1] + ("b" if match[2].islower() else "B")] = None
    return [*forms, "B", "b"]


def _found(counts: Mapping[str, int], form: str) -> FoundForm | None:
    """How well one form suits; None where it does not."""
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
    """The tag that stands for no span: `O` where it is there, else the most frequent of those that are usual."""
    if "O" in counts and "b" not in form:
        return "O"
    return max((tag for tag in _OUTSIDE if tag in counts), key=lambda tag: counts[tag], default=None)


def _makes_sense(counts: Mapping[str, int], form: str, fitting: list[str], outside: str | None) -> bool:
    """Whether the letters that occur are those of spans."""
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
