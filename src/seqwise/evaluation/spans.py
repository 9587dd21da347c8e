"""Spans that tags mark, and how many were found, by the rules of conlleval.

A span is a run of tags of one type. A new one starts at a tag that is not `O` when any of these holds:

* it is the first step of the sequence, or the tag before it is `O`;
* the tag before it has another type;
* its own prefix begins a span (B, S, U);
* the prefix before it ended one (E, L, S, U).

So `I-x` after `O` or after `I-y` starts a span without a `B-x`: the rules read any sequence of tags and never
refuse one. A predicted span is right when a gold span has the same first step, last step and type.

A step whose gold label is missing ends every span before it, gold and predicted, and counts in neither: what
a model says there can be neither right nor wrong.

Source: E. F. Tjong Kim Sang and S. Buchholz (2000), "Introduction to the CoNLL-2000 shared task: chunking",
and its scorer conlleval; the prefixes E, S (IOBES) and L, U (BILOU) are read as the later versions of that
scorer read E and S. How the tags are spelled (`B-x`, `x_B`, ...) is the target's `tag_form`; a tag that is not of that
form is outside every span.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from seqwise.evaluation.scores import NEVER_SEEN, Figure, SpanScore, ratio
from seqwise.tag_forms import ROLES, USUAL_FORM
from seqwise.targets import Target

__all__ = [
    "SpanCounts",
    "TagScheme",
    "evaluated_scheme",
    "evaluated_tags",
    "span_counts_by_row",
    "span_edges",
    "spans_in",
    "tag_scheme",
]


@dataclass(frozen=True, eq=False)
class TagScheme:
    """The role of each tag of a target in spans; the arrays are (C,), indexed by class.

    Attributes:
        types: the types of span, in the order of their first tag.
        type_of: position in `types`, or -1 for `O`.
        begins: whether the tag starts a span whatever came before.
        ends: whether the tag ends its span whatever comes after.
    """

    types: tuple[str, ...]
    type_of: NDArray[np.int64]
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]


@lru_cache(maxsize=32)
def tag_scheme(target: Target) -> TagScheme:
    """The scheme of the tags of a target.

    Examples:
        >>> tag_scheme(Target("slots", "tags", (("O", "B-artist", "I-artist", "S-song"),), per_step=True)).types
        ('artist', 'song')
    """
    return _scheme_of(target.span_roles)


@lru_cache(maxsize=32)
def evaluated_scheme(target: Target) -> TagScheme:
    """That of the tags that labels may have in an evaluation: the classes, then tags that training never saw, by role.

    The tag of role `ROLES[i]` has the number of classes plus i; they share one type, which no prediction has.
    """
    return _scheme_of((*target.span_roles, *((role, "" if role == "O" else NEVER_SEEN) for role in ROLES)))


def evaluated_tags(labels: NDArray[np.int64], unseen: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """The tags of a batch as `evaluated_scheme` numbers them.

    Args:
        labels: the number of classes where training never saw the tag, else its class.
        unseen: which tags these are; see `seqwise.evaluation._batch.Batch`.
    """
    return labels if unseen is None else np.where(unseen > 0, labels - 1 + unseen, labels)


def _scheme_of(roles: Sequence[tuple[str, str]]) -> TagScheme:
    types = tuple(dict.fromkeys(kind for role, kind in roles if role != "O"))
    position = {kind: index for index, kind in enumerate(types)}
    return TagScheme(
        types=types,
        type_of=np.array([-1 if role == "O" else position[kind] for role, kind in roles], dtype=np.int64),
        begins=np.array([role in ("B", "S") for role, _ in roles], dtype=bool),
        ends=np.array([role in ("E", "S") for role, _ in roles], dtype=bool),
    )


@dataclass(frozen=True, eq=False)
class _Spans:
    """Spans of a batch, in reading order; steps are positions in the flattened (batch, time) array."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    type: NDArray[np.int64]


def span_edges(
    scheme: TagScheme, tags: NDArray[np.int64], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Where spans begin and end.

    Args:
        scheme: of the tags.
        tags: (batch, time) class indices.
        mask: (batch, time); where it is False every span is cut.

    Returns:
        Three arrays (batch, time): the first step of a span; its last step; steps whose neighbour before is in a span
        of the same type, be it the same span or another.
    """
    type_of = np.where(mask, scheme.type_of[np.where(mask, tags, 0)], -1)
    known = np.where(mask, tags, 0)
    inside = type_of >= 0
    touches = np.zeros_like(inside)
    touches[:, 1:] = inside[:, 1:] & (type_of[:, 1:] == type_of[:, :-1])
    joined = touches[:, 1:] & ~scheme.begins[known[:, 1:]] & ~scheme.ends[known[:, :-1]]
    opens, closes = inside.copy(), inside.copy()
    opens[:, 1:] &= ~joined
    closes[:, :-1] &= ~joined
    return opens, closes, touches


def _spans(scheme: TagScheme, tags: NDArray[np.int64], mask: NDArray[np.bool_]) -> _Spans:
    """The spans of tags (batch, time); where `mask` (batch, time) is False every span is cut."""
    opens, closes, _ = span_edges(scheme, tags, mask)
    first = np.flatnonzero(opens)
    types = scheme.type_of[np.where(mask, tags, 0)]
    return _Spans(first, np.flatnonzero(closes), types.reshape(-1)[first])


@dataclass(frozen=True, eq=False)
class SpanCounts:
    """How many spans of each type there are; all arrays are (types,).

    Attributes:
        types: names of the types.
        correct: predicted spans that are gold spans.
        predicted: predicted spans.
        gold: gold spans.
    """

    types: tuple[str, ...]
    correct: NDArray[np.int64]
    predicted: NDArray[np.int64]
    gold: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        scheme: TagScheme,
        labels: NDArray[np.int64],
        predictions: NDArray[np.int64],
        mask: NDArray[np.bool_],
    ) -> SpanCounts:
        """The counts of one batch of labels, predictions and mask, each (batch, time)."""
        gold, found = _spans(scheme, labels, mask), _spans(scheme, predictions, mask)
        correct, predicted, wanted = (
            np.bincount(kinds, minlength=len(scheme.types)).astype(np.int64)
            for kinds in (found.type[_are_gold(found, gold)], found.type, gold.type)
        )
        return cls(scheme.types, correct, predicted, wanted)

    def __add__(self, other: SpanCounts) -> SpanCounts:
        return SpanCounts(
            self.types,
            self.correct + other.correct,
            self.predicted + other.predicted,
            self.gold + other.gold,
        )

    def figures(self) -> dict[str, Figure]:
        """`span_f1`, `span_precision` and `span_recall` over all types (conlleval's overall line).

        Without gold spans there is nothing to find: recall and F1 are undefined, while precision still shows
        false alarms.
        """
        correct, predicted, gold = (int(part.sum()) for part in (self.correct, self.predicted, self.gold))
        return {
            "span_f1": Figure(2 * correct / (predicted + gold) if gold else None, gold),
            "span_precision": ratio(correct, predicted),
            "span_recall": ratio(correct, gold),
        }

    def per_type(self) -> tuple[SpanScore, ...]:
        """A row per type of span, in the order of the types."""
        rows = zip(self.types, self.correct.tolist(), self.predicted.tolist(), self.gold.tolist(), strict=True)
        return tuple(
            SpanScore(
                type=name,
                precision=ratio(correct, predicted).value,
                recall=ratio(correct, gold).value,
                f1=2 * correct / (predicted + gold) if gold else None,
                gold=gold,
                predicted=predicted,
                correct=correct,
            )
            for name, correct, predicted, gold in rows
            if gold or name != NEVER_SEEN
        )


def span_counts_by_row(
    scheme: TagScheme, labels: NDArray[np.int64], predictions: NDArray[np.int64], mask: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """(batch, 3) of each sequence the spans that were found, those that are there and those that were predicted."""
    rows, time = labels.shape
    gold, found = _spans(scheme, labels, mask), _spans(scheme, predictions, mask)
    right = found.first[_are_gold(found, gold)]
    sums = [np.bincount(first // max(time, 1), minlength=rows) for first in (right, gold.first, found.first)]
    return np.stack(sums, axis=1).astype(np.int64)


def _are_gold(found: _Spans, gold: _Spans) -> NDArray[np.int64]:
    """Positions of the found spans that are gold spans."""
    _, mine, theirs = np.intersect1d(found.first, gold.first, assume_unique=True, return_indices=True)
    same = (found.last[mine] == gold.last[theirs]) & (found.type[mine] == gold.type[theirs])
    positions: NDArray[np.int64] = mine[same]
    return positions


def spans_in(tags: Sequence[str], *, form: str = USUAL_FORM) -> list[tuple[int, int, str]]:
    """The spans of one sequence of tags as (first step, step after the last, type).

    Args:
        tags: of one sequence.
        form: how they are spelled; see `seqwise.tag_forms`.

    Examples:
        >>> spans_in(["B-song", "I-song", "O", "I-artist", "B-artist"])
        [(0, 2, 'song'), (3, 4, 'artist'), (4, 5, 'artist')]
    """
    known = tuple(dict.fromkeys(("O", *tags)))
    scheme = tag_scheme(Target("tags", "tags", (known,), per_step=True, tag_form=form))
    indices = np.array([[known.index(tag) for tag in tags]], dtype=np.int64).reshape(1, -1)
    spans = _spans(scheme, indices, np.ones_like(indices, dtype=bool))
    return [
        (int(first), int(last) + 1, scheme.types[kind])
        for first, last, kind in zip(spans.first, spans.last, spans.type, strict=True)
    ]
