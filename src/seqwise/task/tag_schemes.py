"""The states of a chain that write the tags of spans in the scheme which they follow.

Few files are without mistakes: tags that break the scheme (`found_schemes` finds it) are read as the scorer conlleval
reads them, and trained as the tags that the scheme writes for those spans. What is evaluated are always the labels of
the files.

A chain may have finer states than the tags: IOB2 can be trained as IOBES, where a span's last step and a span of one
step have states of their own, and each state writes the tag of the file (L. Ratinov and D. Roth, 2009, "Design
challenges and misconceptions in named entity recognition", CoNLL).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqwise.evaluation.spans import span_edges, tag_scheme
from seqwise.losses.torch import Allowed, allowed_transitions
from seqwise.targets import Target, label_text

__all__ = ["Scheme", "States", "states_of", "usual_names"]

Scheme = Literal["iob", "iob1", "iobes"]

_FIRST, _LAST, _SINGLE, _TOUCHING = 1, 2, 3, 4  # inside is 0; a span that touches the one before begins with 5 or 7
_WRITTEN: dict[Scheme, tuple[str, ...]] = {
    "iob": ("I", "B", "I", "B", "", "B", "", "B"),
    "iob1": ("I", "I", "I", "I", "", "B", "", "B"),
    "iobes": ("I", "B", "E", "S", "", "B", "", "S"),
}
"""By scheme, the role that a tag has for each role of a step in its span."""


@dataclass(frozen=True, eq=False)
class States:
    """What a chain goes through, and how it reads and writes the tags of a target.

    Attributes:
        target: whose tags.
        names: of the states: tags in their usual form, or `O` for those that are outside.
        allowed: which state may follow which; None for everything.
        tags: (states,) the class of the tag that each state writes; None where states are tags.
        of_roles: (types + 1, 8) the state of each type and role in a span; -1 where there is none, and for O, the last
            row. None for tags that mark no spans.
        outside: (classes,) the state of each tag that is outside every span; None where states are tags.
    """

    target: Target
    names: tuple[str, ...]
    allowed: Allowed | None
    tags: NDArray[np.int64] | None
    of_roles: NDArray[np.int64] | None
    outside: NDArray[np.int64] | None = None

    def of(self, labels: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The states for the spans which conlleval reads in labels (batch, time); anything where nothing counts."""
        if self.of_roles is None:
            return labels
        scheme = tag_scheme(self.target)
        opens, closes, touches = span_edges(scheme, labels, mask)
        role = _SINGLE * (opens & closes) + _FIRST * (opens & ~closes) + _LAST * (closes & ~opens)
        role = role + _TOUCHING * (opens & touches)
        known = np.where(mask, labels, 0)
        written = self.of_roles[scheme.type_of[known], role]
        outside = labels if self.outside is None else self.outside[known]
        return np.where(mask & (written >= 0), written, outside)


@lru_cache(maxsize=32)
def states_of(target: Target, *, is_finer: bool = False) -> States:
    """The states of a target of kind `tags`.

    Args:
        target: with its scheme.
        is_finer: states of IOBES for tags of IOB2, of which some are I; other targets have their tags as states.
    """
    if target.scheme is None:
        return States(target, tuple(map(label_text, target.labels)), None, None, None)
    names = usual_names(target)
    if is_finer and target.scheme == "iob" and any(name.startswith("I-") for name in names):
        return _finer(target, names)
    return States(target, names, _allowed(names, target.scheme), None, _of_roles(target, names, target.scheme))


def usual_names(target: Target) -> tuple[str, ...]:
    """The tags of a target as the usual form writes them: `O`, or a letter of IOBES, a dash and the type."""
    return tuple("O" if role == "O" else f"{role}-{kind}" for role, kind in target.span_roles)


def _finer(target: Target, names: tuple[str, ...]) -> States:
    """The states of IOBES: S alone for a type that has no I, all four for others."""
    finer: dict[tuple[str, int], int] = {}
    for position, name in enumerate(names):
        role, _, kind = name.partition("-")
        if role == "O":
            finer["O", position] = position
        elif role == "B":
            finer |= {(f"S-{kind}", 0): position, **({(f"B-{kind}", 0): position} if f"I-{kind}" in names else {})}
        else:
            begins = names.index(f"B-{kind}") if f"B-{kind}" in names else position
            finer |= {(f"{letter}-{kind}", 0): begins for letter in "SB"}
            finer |= {(f"{letter}-{kind}", 0): position for letter in "IE"}
    states = tuple(name for name, _ in finer)
    tags = np.array(list(finer.values()), dtype=np.int64)
    own = [state for state, name in enumerate(states) if name == "O"]
    outside = np.full(len(names), own[0] if own else 0, dtype=np.int64)
    outside[tags[own]] = own
    allowed = allowed_transitions(states, "iobes")
    return States(target, states, allowed, tags, _of_roles(target, states, "iobes"), outside)


def _allowed(names: tuple[str, ...], scheme: Scheme) -> Allowed:
    """What a scheme allows; labels of a type that lacks a tag which the scheme needs are free."""
    allowed = allowed_transitions(names, scheme)
    needed = {"iob": "B", "iob1": "I", "iobes": "BIES"}[scheme]
    free = np.array([name != "O" and not all(f"{role}-{name[2:]}" in names for role in needed) for name in names])
    return Allowed(allowed.transitions | free[:, None] | free[None, :], allowed.start | free, allowed.end | free)


def _of_roles(target: Target, states: tuple[str, ...], scheme: Scheme) -> NDArray[np.int64]:
    types = tag_scheme(target).types
    table = np.full((len(types) + 1, len(_WRITTEN[scheme])), -1, dtype=np.int64)
    for row, kind in enumerate(types):
        for role, written in enumerate(_WRITTEN[scheme]):
            if f"{written}-{kind}" in states:
                table[row, role] = states.index(f"{written}-{kind}")
    return table
