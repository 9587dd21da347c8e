"""The input and the targets of a source, with what was found in sentences."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from seqwise.data.detect._columns import Columns
from seqwise.data.detect._found import found_targets
from seqwise.data.detect._gaps import with_gaps
from seqwise.data.detect._input import (
    input_column,
    input_doubts,
    input_kinds,
    input_message,
    refuse_rows_of_tokens,
    refuse_wide_series,
)
from seqwise.data.detect._requested import Requested
from seqwise.data.detect._sets import check_separator, refuse_mixed_signs, set_messages
from seqwise.data.detect._steps import cut_alike, cut_messages
from seqwise.data.detect._targets import requested_targets, target_message
from seqwise.data.readers import Source, look_like_spans
from seqwise.data.records import Record
from seqwise.data.spec import DataSpec, InputKind, InputSpec, TargetSpec

__all__ = ["Detected", "find_spec"]


_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


@dataclass
class Detected:
    """The spec of the data, and what was found in sentences."""

    spec: DataSpec
    notes: list[str] = field(default_factory=list)


def find_spec(source: Source, sample: Sequence[Record], requested: Requested) -> Detected:
    """The input and the targets of a source.

    Raises:
        ColumnError: a requested column is not there (did you mean).
        ConfigError: one column is asked for twice, or the input in a form that its cells do not have.
        DataError: nothing looks like an input, or several columns could be the target; the message lists them.
    """
    columns = Columns.of(source, sample, requested)
    for column in (requested.text, requested.tokens, requested.group):
        if column is not None:
            columns.require(column)
    targets = requested_targets(columns)
    column = input_column(columns, targets)
    refuse_rows_of_tokens(columns, column)
    refuse_wide_series(columns, column, targets)
    _refuse_decimal_commas(columns, column)
    left: list[str] = []
    if not requested.names_targets:
        targets, left = found_targets(columns, column)
    _refuse_spans(columns, targets)
    check_separator(columns, targets)
    refuse_mixed_signs(columns, targets)
    kind, targets = cut_alike(columns, column, input_kinds(columns, column, targets), targets)
    targets = [with_gaps(columns, target) for target in targets]
    lower = requested.lower
    if lower is None:
        is_final = kind == "words" and not requested.is_cut_later
        lower = is_final and not any(target.per_step for target in targets)
    input_spec = InputSpec(kind, column, lower, *_series_options(kind, requested))
    doubts = [
        *cut_messages(columns, column, targets),
        *set_messages(columns, targets),
        *input_doubts(columns, column, kind, targets),
        *left,
    ]
    notes = [input_message(input_spec), *map(target_message, targets), *doubts]
    return Detected(DataSpec(input_spec, tuple(targets), _id_column(columns, targets), requested.group), notes)


def _refuse_decimal_commas(columns: Columns, column: str) -> None:
    """Refuses numbers with a comma as the input that nobody named: they would be read as text."""
    cells = columns.profiles[column].cells
    is_named = columns.requested.text is not None or columns.requested.tokens is not None
    if is_named or not all(isinstance(cell, str) and _COMMA.fullmatch(cell) for cell in cells):
        return
    raise columns.unusable(
        f"no column looks like a sequence: '{column}' holds numbers with a decimal comma, such as {cells[0]}",
        f"Write numbers with a point: {cells[0].replace(',', '.')}. A series with a row per step needs --series-id or "
        f"--time, one with a row per series --steps. To read '{column}' as text, say --text {shlex.quote(column)}.",
    )


def _refuse_spans(columns: Columns, targets: Sequence[TargetSpec]) -> None:
    """Refuses spans that are not read as tags: as sets of labels their offsets would count as labels."""
    for name in (column for target in targets for column in target.columns):
        cells = [cell for cell in columns.profiles[name].cells if cell]
        if name in columns.source.span_columns or not cells or not all(map(look_like_spans, cells)):
            continue
        shown = json.dumps(cells[0][0], ensure_ascii=False)
        raise columns.unusable(
            f"column '{name}' holds spans such as {shown}, which are not read here",
            "Spans of characters are read from JSON lines, as [start, end, label], [label, start, end] or objects with "
            "these, beside the text that they count. Or write a list with one tag per token.",
        )


def _series_options(kind: InputKind, requested: Requested) -> tuple[bool, bool, bool]:
    """Gaps, differences and normalise of the spec; of symbols nothing."""
    if kind != "series":
        return False, False, False
    return requested.gaps, requested.differences, requested.normalise


def _id_column(columns: Columns, targets: Sequence[TargetSpec]) -> str | None:
    asked = columns.requested.id
    if asked is not None:
        return None if asked == "none" else columns.require(asked).name
    taken = {column for target in targets for column in target.columns}
    return "id" if "id" in columns.profiles and "id" not in taken and columns.source.kind == "table" else None
