"""Finds how tags mark spans: their spelling from all rows, their scheme from those of the training part.

Names alone cannot tell IOB1 from IOB2. Tags that do not fit are named with how often they occur and where they stand
first: nothing of it changes what is trained in silence.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqwise.data.labels import LabelCodec, class_counts, transition_counts
from seqwise.data.missing import may_be_missing
from seqwise.data.store import Store
from seqwise.errors import counted
from seqwise.tag_forms import FEW, USUAL_FORM, FoundForm, found_form
from seqwise.targets import Target, label_text
from seqwise.task.tag_schemes import Scheme, states_of, usual_names

__all__ = ["Tags", "with_scheme", "with_schemes"]

_SAID = 5
_BLOCK = 1024
_Test = Callable[[NDArray[np.int64]], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Tags:
    """The tags of a target as the rows have them.

    Attributes:
        codec: of the target.
        store: all rows.
        rows: those of the training part.
        has_token_lines: whether a row has a line for each token, from its place on.
    """

    codec: LabelCodec
    store: Store
    rows: NDArray[np.int64]
    has_token_lines: bool = False

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each tag occurs in all rows."""
        counts = class_counts(self.codec, self.store, np.arange(len(self.store)))
        return {label_text(label): int(count) for label, count in zip(self.codec.target.labels, counts, strict=True)}

    def first(self, is_meant: _Test, rows: NDArray[np.int64] | None = None) -> str:
        """Where the first step stands of which a test is true.

        Args:
            is_meant: a test of class indices (batch, time), -1 where a tag is missing.
            rows: where to look; None for all rows.
        """
        every = np.arange(len(self.store)) if rows is None else rows
        for start in range(0, len(every), _BLOCK):
            block = every[start : start + _BLOCK]
            labels, mask = self.codec.batch(self.store, block, int(self.store.lengths[block].max()))
            meant = is_meant(np.where(mask, labels, -1))
            if meant.any():
                row = int(meant.any(axis=1).argmax())
                return self._place(int(block[row]), int(meant[row].argmax()))
        return "nowhere"  # pragma: no cover - asked only for what was counted

    def _place(self, row: int, step: int) -> str:
        place = self.store.place(row)
        if self.has_token_lines:
            return str(replace(place, line=place.line + step))
        return f"{place}, step {step + 1}"


def with_schemes(tags: Sequence[Tags]) -> tuple[tuple[LabelCodec, ...], list[str]]:
    """The codecs, their targets with the scheme that tags follow, and what there is to say about them."""
    found = [with_scheme(each) for each in tags]
    codecs = tuple(replace(each.codec, target=target) for each, (target, _) in zip(tags, found, strict=True))
    return codecs, [sentence for _, sentences in found for sentence in sentences]


def with_scheme(tags: Tags) -> tuple[Target, list[str]]:
    """The target of some tags with the form and the scheme that they follow, and what there is to say about it.

    The scheme that the fewest transitions of the training part break wins, when those are at most a tenth of the tags
    that are not outside.
    """
    target = tags.codec.target
    if target.kind != "tags":
        return target, []
    found = found_form(tags.counts)
    if found is None or (tags.store.channels and found.form == "x"):
        return target, []
    if not found.is_certain:
        return target, [_no_form(tags, found)]
    form = None if found.form == USUAL_FORM and not found.odd and found.outside in (None, "O") else found.form
    target = replace(target, tag_form=form)
    scheme, sentence = _scheme(tags, target)
    return replace(target, scheme=scheme), [sentence, *_odd_ones(tags, found)]


def _scheme(tags: Tags, target: Target) -> tuple[Scheme | None, str]:
    """The scheme that the training part breaks least, and what to say of it."""
    counts = transition_counts(tags.codec, tags.store, tags.rows)
    names = usual_names(target)
    marked = int(counts[:, [i for i, name in enumerate(names) if name != "O"]].sum())
    roles = {name[0] for name in names if name != "O"}
    schemes: tuple[Scheme, ...] = ("iob", "iob1") if roles <= {"B", "I"} else ("iobes",)
    schemes = ("iob1",) if roles == {"I"} else schemes
    breaks = {scheme: _breaks(replace(target, scheme=scheme), counts) for scheme in schemes}
    scheme = min(breaks, key=lambda name: breaks[name])
    broken = f"{breaks[scheme]:,} of {marked:,} tags in spans"
    where = f" (first: {tags.first(_breaking(replace(target, scheme=scheme)), tags.rows)})" if breaks[scheme] else ""
    if breaks[scheme] > FEW * marked:
        return None, (
            f"warning: target '{target.name}': {broken} break every scheme (IOB1, IOB2, IOBES){where}, so any tag may "
            "follow any other"
        )
    but = f"; {broken}{where} break its rules and are read as conlleval reads them" if breaks[scheme] else ""
    return scheme, f"target '{target.name}': the tags mark spans in {_title(target, scheme, roles)}{but}"


def _title(target: Target, scheme: Scheme, roles: set[str]) -> str:
    """What a scheme is called, and how its tags are spelled where that is unusual."""
    titles = {"iob": "IOB2", "iob1": "IOB1", "iobes": "IOBES (BILOU)"}
    form = target.tag_form or USUAL_FORM
    letters = {label_text(tag)[-1 if form[-1].upper() == "B" else 0].upper() for tag in target.labels}
    title = titles[scheme]
    if form == "x":
        title = "IO"
    elif scheme == "iobes" and "M" in letters:
        title = "BMES"
    elif scheme == "iobes" and roles == {"B", "I", "S"}:
        title = "BIOS (IOB2 with S for spans of one step)"
    if form == USUAL_FORM:
        return title
    return f"{title}, written {_example(target)}"


def _example(target: Target) -> str:
    """Some tag that marks a span."""
    shown = (label_text(tag) for tag, (role, _) in zip(target.labels, target.span_roles, strict=True) if role != "O")
    return f"'{next(shown)}'"


def _odd_ones(tags: Tags, found: FoundForm) -> list[str]:
    """What is done with the tags that are not of the form, with how many there are and where the first one stands."""
    target = tags.codec.target
    like = _example(replace(target, tag_form=found.form))
    outside = found.outside or "O"
    said = [f"'{tag}' ({tags.counts[tag]:,}, first: {tags.first(_being(target, tag))})" for tag in found.odd[:_SAID]]
    if not said:
        return []
    more = f" and {counted(len(found.odd) - _SAID, 'other tag')}" if len(found.odd) > _SAID else ""
    words = [f"--missing {shlex.quote(tag)}" for tag in found.odd if may_be_missing(tag)]
    missing = f"; if it marks a missing tag, say {' '.join(words)}" if words else ""
    return [
        f"warning: target '{target.name}': not written as the other tags are ({like}): {', '.join(said)}{more}. Each "
        f"is outside every span, as '{outside}' is, and a label of its own; if it is a slip, correct the file{missing}"
    ]


def _no_form(tags: Tags, found: FoundForm) -> str:
    """What to say where many tags look like those of spans, and too many do not."""
    target = tags.codec.target
    few = sum(tags.counts[tag] for tag in found.odd)
    shown = ", ".join(f"'{tag}' ({tags.counts[tag]:,})" for tag in found.odd[:_SAID])
    first = tags.first(_being(target, found.odd[0]))
    return (
        f"warning: target '{target.name}': most tags are written as spans are "
        f"({_example(replace(target, tag_form=found.form))}), but {few:,} of {found.inside:,} are not: {shown}; first: "
        f"{first}. They are taken for plain labels: no scheme is kept and no spans are counted"
    )


def _being(target: Target, tag: str) -> _Test:
    index = [label_text(label) for label in target.labels].index(tag)
    return lambda labels: labels == index


def _breaking(target: Target) -> _Test:
    """A test of the steps of a row: whether one may not stand where it does."""
    allowed = states_of(target).allowed
    assert allowed is not None

    def test(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        there = labels >= 0
        broken = np.zeros_like(there)
        beside = there[:, 1:] & there[:, :-1]
        broken[:, 1:] = beside & ~allowed.transitions[labels[:, :-1], labels[:, 1:]]
        broken[:, 0] = there[:, 0] & ~allowed.start[labels[:, 0]]
        after = np.flip(np.maximum.accumulate(np.flip(there, 1), axis=1), 1)
        broken |= there & ~np.pad(after, ((0, 0), (0, 1)))[:, 1:] & ~allowed.end[labels]
        return broken

    return test


def _breaks(target: Target, counts: NDArray[np.int64]) -> int:
    """How many transitions (C + 1, C + 1), starts and ends included, a scheme does not allow."""
    allowed = states_of(target).allowed
    assert allowed is not None
    size = target.class_count
    between = counts[:size, :size][~allowed.transitions].sum()
    return int(between + counts[size, :size][~allowed.start].sum() + counts[:size, size][~allowed.end].sum())
