"""Which tag may follow which, read from names of tags such as `B-artist`, `I-artist` and `O`.

A tag is `O`, or a prefix with a type, as in `B-artist`; a prefix alone is a tag of the type without a name. The
prefixes B (begin), I or M (inside), E or L (end) and S or U (single) mark the spans of a type:

| scheme  | also called | a span of one step | of several         | may follow                                       |
|---------|-------------|--------------------|--------------------|--------------------------------------------------|
| `iob`   | IOB2, BIO   | B                  | B I ... I          | I only after B or I of its type                  |
| `iob1`  | IOB         | I                  | I I ... I          | B only after B or I of its type, to split spans   |
| `iobes` | BILOU, BMES | S                  | B I ... I E        | I and E only after B or I of their type; after   |
|         |             |                    |                    | B and I nothing else, the end neither            |

Sources: L. Ramshaw and M. Marcus (1995), "Text chunking using transformation-based learning" (IOB1);
E. F. Tjong Kim Sang and J. Veenstra (1999), "Representing text chunks" (IOB2 and others); L. Ratinov and D. Roth
(2009), "Design challenges and misconceptions in named entity recognition" (BILOU).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from seqwise.errors import ConfigError, did_you_mean, listed

__all__ = ["Allowed", "Scheme", "allowed_transitions"]

Scheme = Literal["iob", "iob1", "iobes"]

_SCHEMES: tuple[str, ...] = get_args(Scheme)
_ROLES = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S"}
_ROLES_OF = {"iob": "BI", "iob1": "BI", "iobes": "BIES"}
_EXAMPLES = {"iob": "'O', 'B-x' or 'I-x'", "iob1": "'O', 'B-x' or 'I-x'", "iobes": "'O', 'B-x', 'I-x', 'E-x' or 'S-x'"}

Role = tuple[str, str]
"""The role of a tag (B, I, E, S or O), and its type; a sequence starts and ends as if beside an O."""

_OUTSIDE: Role = ("O", "")


class Allowed(NamedTuple):
    """The transitions, starts and ends that a path may have: booleans, True = allowed; None allows all.

    Attributes:
        transitions: (classes, classes), from and to.
        start: (classes,); which classes a sequence may start with.
        end: (classes,); which classes it may end with.
    """

    transitions: Any
    start: Any = None
    end: Any = None


def allowed_transitions(labels: Sequence[str], scheme: Scheme | None = None) -> Allowed:
    """Which label may follow which, may start and may end a sequence, so that every span is well formed.

    Args:
        labels: the names of the classes in class order.
        scheme: `iob` (IOB2, BIO), `iob1`, or `iobes` (BILOU and BMES too). When not given it is read from the labels:
            `iobes` when all four prefixes occur and every type that begins can end, `iob` when B and I occur and every
            type with I has B. Labels alone cannot tell IOB1 from IOB2, which is by far the more common: say `iob1`
            for the older data. Labels that follow no scheme, such as parts of speech, may follow each other freely.

    Returns:
        NumPy booleans: `transitions` (classes, classes) from and to, `start` and `end` (classes,).

    Raises:
        ConfigError: there is no such scheme, or a label is not of the scheme that was asked for.

    Examples:
        >>> allowed = allowed_transitions(["O", "B-city", "I-city"])
        >>> allowed.transitions.astype(int).tolist()  # O to I-city is not allowed
        [[1, 1, 0], [1, 1, 1], [1, 1, 1]]
        >>> allowed.start.tolist(), allowed.end.tolist()
        ([True, True, False], [True, True, True])
    """
    if scheme is not None and scheme not in _SCHEMES:
        expected, hint = f"one of {listed(_SCHEMES)}", did_you_mean(scheme, _SCHEMES)
        raise _error(f"there is no scheme '{scheme}'", expected, hint)
    roles = [_role(str(label)) for label in labels]
    found = _found(roles) if scheme is None else _checked(scheme, labels, roles)
    return Allowed(
        transitions=_booleans([[_may_follow(found, before, role) for role in roles] for before in roles]),
        start=_booleans([_may_follow(found, _OUTSIDE, role) for role in roles]),
        end=_booleans([_may_follow(found, role, _OUTSIDE) for role in roles]),
    )


def _role(label: str) -> Role | None:
    """The role of a label in a span; None for a label of no scheme."""
    if label == "O":
        return _OUTSIDE
    prefix, dash, kind = label.partition("-")
    if prefix not in _ROLES or (dash and not kind):
        return None
    return _ROLES[prefix], kind


def _found(roles: Sequence[Role | None]) -> str | None:
    """The scheme that labels follow without a doubt."""
    known = {role for role in roles if role is not None}
    does = {role for role, _ in known}
    if len(known) < len(set(roles)):
        return None
    if does >= set("BIES"):
        closed = all((("B", kind) in known) == (("E", kind) in known) for _, kind in known)
        return "iobes" if closed and _begun(known) else None
    return "iob" if does <= set("BIO") and does >= set("BI") and _begun(known) else None


def _begun(roles: set[Role]) -> bool:
    """Whether every type that has I has B."""
    return all(("B", kind) in roles for role, kind in roles if role == "I")


def _checked(scheme: str, labels: Sequence[str], roles: Sequence[Role | None]) -> str:
    """The scheme, which every label has to be of."""
    for position, (label, role) in enumerate(zip(labels, roles, strict=True)):
        if role is None or role[0] not in f"O{_ROLES_OF[scheme]}":
            problem = f"labels[{position}] is '{label}', which is not of the scheme '{scheme}'"
            raise _error(problem, f"{_EXAMPLES[scheme]} for each label", None)
    return scheme


def _may_follow(scheme: str | None, before: Role | None, after: Role | None) -> bool:
    """Whether a tag may follow another."""
    if scheme is None:
        return True
    assert before is not None
    assert after is not None
    is_inside = before[0] in "BI"
    same_type = after[1] == before[1]
    if scheme == "iob":
        return after[0] != "I" or (is_inside and same_type)
    if scheme == "iob1":
        return after[0] != "B" or (is_inside and same_type)
    goes_on = after[0] in "IE"
    return goes_on and same_type if is_inside else not goes_on


def _booleans(values: Any) -> Any:
    return np.array(values, dtype=bool)


def _error(problem: str, expected: str, hint: str | None) -> ConfigError:
    text = f"allowed_transitions: {problem}\n  expected: {expected}"
    return ConfigError(f"{text}\n  hint: {hint}" if hint else text)
