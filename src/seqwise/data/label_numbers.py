"""Numbers the labels of records in order of first appearance."""

from __future__ import annotations

from collections.abc import Sequence

from seqwise.data._numbering import MISSING, LabelNames
from seqwise.data.cells import raw_labels, zero_or_one
from seqwise.data.records import Place, Record
from seqwise.data.spec import TargetSpec
from seqwise.errors import LabelError
from seqwise.targets import Label, label_text

__all__ = ["STEP_END", "label_numbers"]

STEP_END = -2
"""Ends the labels of one step where each step has a set of labels."""


def label_numbers(
    record: Record, target: TargetSpec, names: LabelNames, steps: int, padded: int = 0
) -> Sequence[int] | None:
    """The numbers of a record's labels for a target; None where all are missing.

    Args:
        record: the row.
        target: whose labels.
        names: the numbers given so far.
        steps: the length of the row's sequence.
        padded: how many steps of padding were cut from it, which have no labels.
    """
    labels = raw_labels(record, target, steps + padded, names.gaps)
    if labels is None:
        return None
    if padded and target.per_step:
        del labels[len(labels) * steps // (steps + padded) :]
    if target.kind == "multilabel" and target.form == "columns":
        return [_zero_or_one(label, record.place, target, i) for i, label in enumerate(labels)]  # type: ignore[arg-type]
    if target.per_step and target.form == "list":
        numbers: list[int] = []
        for step in labels:
            numbers.extend(names.number(label) for label in step)  # type: ignore[union-attr]
            numbers.append(STEP_END)
        return numbers
    return [names.number(label) for label in labels]  # type: ignore[arg-type]


def _zero_or_one(label: Label | None, place: Place, target: TargetSpec, position: int) -> int:
    if label is None:
        return MISSING
    flag = zero_or_one(label)
    if flag is not None:
        return flag
    raise LabelError(
        f"expected 0, 1 or an empty cell, got '{label}'",
        file=place.file,
        line=place.line,
        field=target.columns[position % len(target.columns)],
        hint="Columns with other labels are read with --outputs instead of --multilabel. If "
        f"{label_text(label)} marks a missing label, say --missing {label_text(label)}.",
    )
