"""Which words of a target's cells mark missing labels, as a sample shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from seqwise.data.cells import cell_of, step_labels
from seqwise.data.detect._columns import Columns
from seqwise.data.lists import label_set
from seqwise.data.missing import label_counts, missing_words
from seqwise.data.separators import cut
from seqwise.data.spec import TargetSpec

__all__ = ["with_gaps"]


def with_gaps(columns: Columns, target: TargetSpec) -> TargetSpec:
    """The target with the words that mark a missing label: those that the user named, else what the cells tell."""
    requested = columns.requested
    if requested.missing is not None:
        return replace(target, missing=tuple(word for word in requested.missing if word))
    if target.form == "signs":
        return target  # a character is a label, whatever it means elsewhere
    flags = target.kind == "multilabel" and target.form == "columns"
    counts = label_counts(label for label in _labels(columns, target) if isinstance(label, (str, int, float)))
    return replace(target, missing=missing_words(counts, flags=flags, classes=requested.classes))


def _labels(columns: Columns, target: TargetSpec) -> Iterator[Any]:
    """The labels in the sample, as they stand in cells, lists and strings."""
    for record in columns.sample:
        for column in target.columns:
            cell = cell_of(record, column)
            if cell is None or cell == "":
                continue
            for item in _items(cell, target):
                yield from item if isinstance(item, list) else [item]


def _items(cell: Any, target: TargetSpec) -> list[Any]:
    if target.form in ("cell", "columns") and not isinstance(cell, list):
        return [cell]
    if target.per_step:
        return step_labels(cell, signs=False)
    found = label_set(cell)
    if found is not None:
        return found
    return cut(cell, str(target.delimiter)) if target.form == "delimited" and isinstance(cell, str) else [cell]
