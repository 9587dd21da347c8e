"""The scheme that tags of spans follow, and the states of a chain that write them.

Which scheme it is is read from the training part, since names alone cannot tell IOB1 from IOB2. Few files are without
mistakes: tags that break the scheme are read as the scorer conlleval reads them, and trained as the tags that the
scheme writes for those spans. What is judged are always the labels of the files.

A chain may have finer states than the tags: IOB2 can be trained as IOBES, where a span's last step and a span of one
step have states of their own, and each state writes the tag of the file (L. Ratinov and D. Roth, 2009, "Design
challenges and misconceptions in named entity recognition", CoNLL).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec, transition_counts
from seqwise.data.store import Store
from seqwise.evaluation.spans import span_edges, tag_scheme
from seqwise.losses.torch import Allowed, allowed_transitions
from seqwise.targets import Target

__all__ = ["Scheme", "States", "states_of", "with_scheme"]

Scheme = Literal["iob", "iob1", "iobes"]

_FEW_BREAKS = 0.02  # of the tags inside spans; with more of them the scheme is another one, or none
_FIRST, _LAST, _SINGLE, _TOUCHING = 1, 2, 3, 4  # inside is 0; a span that touches the one before begins with 5 or 7
_WRITTEN: dict[Scheme, tuple[str, ...]] = {
    "iob": ("I", "B", "I", "B", "", "B", "", "B"),
    "iob1": ("I", "I", "I", "I", "", "B", "", "B"),
    "iobes": ("IM", "B", "EL", "SU", "", "B", "", "SU"),
}
"""By scheme, the prefixes of a tag for each role of a step in its span."""


def with_scheme(codec: LabelCodec, store: Store, rows: NDArray[np.int64]) -> tuple[Target, str | None]:
    """The codec's target with the scheme that its tags follow in these rows, and a sentence when they follow one.

    The scheme that the fewest transitions break wins, when those are at most 2 % of the tags that are not O.
    """
    target = codec.target
    if not target.is_iob:
        return target, None
    names = [str(label) for label in target.labels]
    counts = transition_counts(codec, store, rows)
    marked = int(counts[:, [i for i, name in enumerate(names) if name != "O"]].sum())
    prefixes = {name[0] for name in names if name != "O"}
    schemes: tuple[Scheme, ...] = ("iob", "iob1") if prefixes <= {"B", "I"} else ("iobes",)
    schemes = ("iob1",) if prefixes == {"I"} else schemes
    breaks = {scheme: _breaks(replace(target, scheme=scheme), counts) for scheme in schemes}
    scheme = min(breaks, key=lambda name: breaks[name])
    found = f"{breaks[scheme]:,} of {marked:,} tags in spans"
    if breaks[scheme] > _FEW_BREAKS * marked:
        return target, (
            f"warning: target '{target.name}': {found} break every scheme (IOB1, IOB2, IOBES), so any tag may follow "
            "any other"
        )
    title = {"iob": "IOB2", "iob1": "IOB1", "iobes": "IOBES (BILOU)"}[scheme]
    but = f"; {found} break its rules and are read as conlleval reads them" if breaks[scheme] else ""
    return replace(target, scheme=scheme), f"target '{target.name}': the tags mark spans in {title}{but}"


def _breaks(target: Target, counts: NDArray[np.int64]) -> int:
    """How many transitions (C + 1, C + 1), starts and ends included, a scheme does not allow."""
    allowed = states_of(target).allowed
    assert allowed is not None
    size = target.class_count
    between = counts[:size, :size][~allowed.transitions].sum()
    return int(between + counts[size, :size][~allowed.start].sum() + counts[:size, size][~allowed.end].sum())


@dataclass(frozen=True, eq=False)
class States:
    """What a chain goes through, and how it reads and writes the tags of a target.

    Attributes:
        target: whose tags.
        names: of the states, tags themselves.
        allowed: which state may follow which; None for everything.
        tags: (states,) the class of the tag that each state writes; None where states are tags.
        of_roles: (types + 1, 8) the state of each type and role in a span; -1 where there is none, and for O, the last
            row. None for tags that mark no spans.
    """

    target: Target
    names: tuple[str, ...]
    allowed: Allowed | None
    tags: NDArray[np.int64] | None
    of_roles: NDArray[np.int64] | None

    def of(self, labels: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The states for the spans which conlleval reads in labels (batch, time); anything where nothing counts."""
        if self.of_roles is None:
            return labels
        scheme = tag_scheme(self.target.labels)
        opens, closes, touches = span_edges(scheme, labels, mask)
        role = _SINGLE * (opens & closes) + _FIRST * (opens & ~closes) + _LAST * (closes & ~opens)
        role = role + _TOUCHING * (opens & touches)
        written = self.of_roles[scheme.type_of[np.where(mask, labels, 0)], role]
        outside = labels if self.tags is None else np.full_like(labels, self._outside)
        return np.where(mask & (written >= 0), written, outside)

    @property
    def _outside(self) -> int:
        return self.names.index("O") if "O" in self.names else 0


@lru_cache(maxsize=32)
def states_of(target: Target, *, is_finer: bool = False) -> States:
    """The states of a target of kind `tags`.

    Args:
        target: with its scheme.
        is_finer: states of IOBES for tags of IOB2, of which some are I; other targets have their tags as states.
    """
    names = tuple(str(label) for label in target.labels)
    if target.scheme is None:
        return States(target, names, None, None, None)
    if is_finer and target.scheme == "iob" and any(name.startswith("I-") for name in names):
        return _finer(target, names)
    return States(target, names, _allowed(names, target.scheme), None, _of_roles(target, names, target.scheme))


def _finer(target: Target, names: tuple[str, ...]) -> States:
    """The states of IOBES: S alone for a type that has no I, all four for others."""
    finer: dict[str, str] = {}
    for name in names:
        prefix, _, kind = name.partition("-")
        if name == "O":
            finer[name] = name
        elif prefix == "B":
            finer |= {f"S-{kind}": name, **({f"B-{kind}": name} if f"I-{kind}" in names else {})}
        else:
            begins = f"B-{kind}" if f"B-{kind}" in names else name
            finer |= {f"S-{kind}": begins, f"B-{kind}": begins, f"I-{kind}": name, f"E-{kind}": name}
    states = tuple(finer)
    tags = np.array([names.index(tag) for tag in finer.values()], dtype=np.int64)
    return States(target, states, allowed_transitions(states, "iobes"), tags, _of_roles(target, states, "iobes"))


def _allowed(names: tuple[str, ...], scheme: Scheme) -> Allowed:
    """What a scheme allows; labels of a type that lacks a tag which the scheme needs are free."""
    allowed = allowed_transitions(names, scheme)
    needed = {"iob": ("B",), "iob1": ("I",), "iobes": ("B", "IM", "EL", "SU")}[scheme]
    free = np.array(
        [name != "O" and not all(any(f"{p}-{name[2:]}" in names for p in some) for some in needed) for name in names]
    )
    return Allowed(allowed.transitions | free[:, None] | free[None, :], allowed.start | free, allowed.end | free)


def _of_roles(target: Target, states: tuple[str, ...], scheme: Scheme) -> NDArray[np.int64]:
    types = tag_scheme(target.labels).types
    table = np.full((len(types) + 1, len(_WRITTEN[scheme])), -1, dtype=np.int64)
    for row, kind in enumerate(types):
        for role, prefixes in enumerate(_WRITTEN[scheme]):
            fitting = [states.index(f"{prefix}-{kind}") for prefix in prefixes if f"{prefix}-{kind}" in states]
            table[row, role] = fitting[0] if fitting else -1
    return table
