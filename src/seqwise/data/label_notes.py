"""Reports words read as missing labels, and labels that were never seen in training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from seqwise.data.labels import LabelCodec
from seqwise.data.missing import Gaps
from seqwise.data.spec import TargetSpec
from seqwise.data.store import Store
from seqwise.errors import counted

__all__ = ["LabelNotes"]

_LABELS_SAID = 5
_KEEP = "; --missing '' keeps such words as classes (data.missing)"


@dataclass
class _Unseen:
    """One label that is no class: how often it stands where, and which class may be meant."""

    count: int
    place: str
    likely: str


@dataclass
class _Found:
    """The findings about one target."""

    spec: TargetSpec
    gaps: Gaps = field(default_factory=Gaps)
    unseen: dict[tuple[str, str], _Unseen] = field(default_factory=dict)


@dataclass
class LabelNotes:
    """The findings from one store after another, by target."""

    found: dict[str, _Found] = field(default_factory=dict)

    def add_gaps(self, store: Store) -> None:
        """Counts the words that were read as missing labels."""
        for spec, gaps in zip(store.spec.targets, store.gaps, strict=True):
            self._of(spec).gaps.update(gaps)

    def add_unseen(self, store: Store, codecs: Iterable[LabelCodec]) -> None:
        """Counts the labels that training never saw."""
        for codec in codecs:
            known = self._of(codec.spec).unseen
            for text, output, count, row in codec.unseen_labels(store, np.arange(len(store))):
                key = text, codec.target.outputs[output] if codec.target.outputs else ""
                if key not in known:
                    known[key] = _Unseen(0, str(store.place(row)), codec.likely(text, output))
                known[key].count += count

    def gap_messages(self, *, advice: bool = True) -> list[str]:
        """Which words were read as missing labels, how often, and how they become classes."""
        return [sentence for each in self.found.values() for sentence in _gap_messages(each, advice)]

    def unseen_messages(self, advice: str) -> list[str]:
        """Which labels count as wrong, whatever is predicted, and what else can be done about them."""
        return [_unseen_message(each, advice) for each in self.found.values() if each.unseen]

    def _of(self, spec: TargetSpec) -> _Found:
        return self.found.setdefault(spec.name, _Found(spec))


def _gap_messages(found: _Found, advice: bool) -> Sequence[str]:
    is_flags = found.spec.kind == "multilabel" and found.spec.form == "columns"
    keep = _KEEP if advice and not is_flags else ""
    return [
        f"target '{found.spec.name}': {counted(count, 'label')} '{word}' counted as missing, first at "
        f"{found.gaps.places[word]}{keep}"
        for word, count in sorted(found.gaps.counts.items())
    ]


def _unseen_message(found: _Found, advice: str) -> str:
    ordered = sorted(found.unseen.items(), key=lambda item: -item[1].count)
    named = [_in_words(*key, each) for key, each in ordered[:_LABELS_SAID]]
    more = f" and {counted(len(ordered) - len(named), 'other label')}" if len(ordered) > len(named) else ""
    total = counted(sum(each.count for each in found.unseen.values()), "label")
    told = f"{total} that training never saw, counted as wrong: {', '.join(named)}{more}"
    return f"target '{found.spec.name}': {told}; {advice}"


def _in_words(text: str, output: str, unseen: _Unseen) -> str:
    of = f" of '{output}'" if output else ""
    likely = f". {unseen.likely}" if unseen.likely else ""
    return f"'{text}'{of} ({unseen.count:,}, first at {unseen.place}{likely})"
