"""Cuts text and labels per step into equally many: one rule for the whole column, from what fits most rows.

A text of tokens may stand between blanks or be read by character, and a string of labels may be one label per character
(`HHEC`) or labels between blanks (`B-PER O`). Only both together tell: in the right reading a row has as many labels as
steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from seqwise.data.cells import RawSequence, cell_of, step_labels
from seqwise.data.detect._columns import Columns
from seqwise.data.lists import is_enclosed, written_list
from seqwise.data.missing import CERTAIN
from seqwise.data.spec import InputKind, TargetSpec
from seqwise.errors import listed
from seqwise.tag_forms import found_form

__all__ = ["cut_alike", "cut_messages", "is_aligned"]


def cut_alike(
    columns: Columns, column: str, kinds: Sequence[InputKind], targets: Sequence[TargetSpec]
) -> tuple[InputKind, list[TargetSpec]]:
    """How the input is cut, and each target's strings, so that most rows have as many labels as steps.

    Args:
        columns: the columns.
        column: the input.
        kinds: the ways in which it can be cut, the likeliest first.
        targets: the targets.
    """
    stepwise = [target for target in targets if target.per_step]
    strings = any(_has_strings(columns, name) for target in stepwise for name in target.columns)
    if not stepwise or columns.source.kind == "series" or (len(kinds) == 1 and not strings):
        return kinds[0], list(targets)
    best = (-1, kinds[0], list(targets))
    for kind in kinds:
        sequences = columns.sequences(column, kind)
        fitted = [_fitted(columns, target, sequences) for target in targets]
        fits = sum(count for count, _ in fitted)
        if fits > best[0]:
            best = (fits, kind, [target for _, target in fitted])
    return best[1], best[2]


def is_aligned(columns: Columns, column: str, kinds: Sequence[InputKind], target: TargetSpec) -> bool:
    """Whether a column has one label per step of the input, in one of the ways to cut both.

    Nine rows of ten are enough: the row that is not aligned is then an error with file and line. Where lists stand
    beside lists no more is asked. Where text could merely be cut so, rows of different lengths must fit, since single
    labels beside single words prove nothing, or the labels mark spans; and there must be fewer labels than symbols.
    """
    forms = _forms(columns, target)
    lists = len(kinds) == 1 and len(forms) == 1
    for kind in kinds:
        sequences = columns.sequences(column, kind)
        for form in forms:
            pairs = _pairs(columns, form, sequences)
            fitted = [(sequence, labels) for sequence, labels in pairs if len(sequence) == len(labels)]
            if len(fitted) > 0.9 * len(pairs) and (lists or _are_labels(fitted)):
                return True
    return False


def _are_labels(fitted: Sequence[tuple[RawSequence, list[Any]]]) -> bool:
    lengths = {len(labels) for _, labels in fitted} - {1}
    symbols = {str(symbol) for sequence, _ in fitted for symbol in sequence}
    found = Counter(str(label) for _, labels in fitted for label in labels)
    return (len(lengths) > 1 or (bool(lengths) and _mark_spans(found))) and len(found) < len(symbols)


def _mark_spans(tags: Counter[str]) -> bool:
    """Whether tags have letters such as B and I, which labels of whole sequences do not."""
    form = found_form(tags)
    return form is not None and form.is_certain and "b" in form.form.lower()


def cut_messages(columns: Columns, column: str, targets: Sequence[TargetSpec]) -> list[str]:
    """Messages on strings where lists are expected, in the input and in the targets."""
    names = [column, *(name for target in targets for name in target.columns)]
    written = [name for name in names if columns.profiles[name].is_written]
    told = [f"lists written out in strings: {listed(written)}"] if written else []
    bracketed = {target.name for target in targets if target.form == "bracketed"}
    for name in names:
        cells = columns.profiles[name].cells
        if columns.profiles[name].is_text and name not in bracketed and all(map(is_enclosed, cells)):
            told.append(f"column '{name}': what stands in brackets is no list in JSON and is read as text")
    for target in targets:
        for name in target.columns if target.form in ("steps", "signs") else ():
            if _has_strings(columns, name) and columns.source.kind != "series":
                is_by_character = target.form == "signs"
                how = (
                    "each character of a string is a label" if is_by_character else "labels are separated by whitespace"
                )
                told.append(f"column '{name}': {how}")
    return told


def _forms(columns: Columns, target: TargetSpec) -> list[TargetSpec]:
    """A target, and where its labels stand in strings, the same with one label per character."""
    strings = target.form == "steps" and _has_strings(columns, target.columns[0])
    return [target, replace(target, form="signs")] if strings else [target]


def _fitted(columns: Columns, target: TargetSpec, sequences: Sequence[RawSequence | None]) -> tuple[int, TargetSpec]:
    """How many rows have as many labels as steps, and the form of the target in which most have."""
    if not target.per_step:
        return 0, target
    forms = _forms(columns, target)
    fits = [sum(len(steps) == len(labels) for steps, labels in _pairs(columns, form, sequences)) for form in forms]
    best = fits.index(max(fits))
    return fits[best], forms[best]


def _pairs(
    columns: Columns, target: TargetSpec, sequences: Sequence[RawSequence | None]
) -> list[tuple[RawSequence, list[Any]]]:
    """Per cell that is not empty, the sequence of its row and the labels that it holds."""
    signs = target.form == "signs"
    return [
        (sequence, step_labels(cell, signs=signs))
        for column in target.columns
        for record, sequence in zip(columns.sample, sequences, strict=True)
        if sequence is not None and (cell := cell_of(record, column)) is not None
        if not _is_gap(columns, cell)
    ]


def _is_gap(columns: Columns, cell: Any) -> bool:
    words = CERTAIN if columns.requested.missing is None else columns.requested.missing
    return isinstance(cell, str) and (not cell or cell in words)


def _has_strings(columns: Columns, column: str) -> bool:
    """Whether labels stand in strings that write out no lists."""
    cells = [cell_of(record, column) for record in columns.sample]
    return any(isinstance(cell, str) and not _is_gap(columns, cell) and written_list(cell) is None for cell in cells)
