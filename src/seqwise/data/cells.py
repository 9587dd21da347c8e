"""Turns the cells of a record into a sequence and raw labels, or says with file and line why not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.records import Place, Record
from seqwise.data.spec import InputSpec, TargetSpec
from seqwise.data.tokens import TOKENIZERS
from seqwise.errors import DataError, LabelError
from seqwise.targets import Label, label_value

__all__ = ["RawLabels", "RawSequence", "cell_of", "raw_labels", "sequence_reader"]

RawLabels = list[Label | None]
"""Labels in the user's values, flat: one; one per step; K outputs (step by step); None where missing."""

RawSequence = list[str] | NDArray[np.float32]


def cell_of(record: Record, column: str) -> Any:
    """The cell of a column. A key that a JSON record leaves out reads as an empty cell."""
    return record.values.get(column)


def sequence_reader(spec: InputSpec) -> Callable[[Record], RawSequence]:
    """A function from a record to its sequence: a list of symbols, or (time, channels) float32.

    Raises (when called):
        DataError: no cell, no tokens in it, or something that is not text, a list or numbers.
    """
    if spec.is_series:
        return lambda record: _series(record, spec.column)
    if spec.kind == "tokens":
        return lambda record: _folded(_tokens(record, spec.column), spec)
    tokenize = TOKENIZERS[spec.kind]
    return lambda record: _folded(tokenize(_text(record, spec.column)), spec, record)


def _folded(tokens: list[str], spec: InputSpec, record: Record | None = None) -> list[str]:
    if not tokens and record is not None:
        raise _empty_row(record.place, spec.column, "the text has no tokens in it")
    return [token.lower() for token in tokens] if spec.lower else tokens


def _wrong(
    place: Place, column: str, problem: str, hint: str | None = None, kind: type[DataError] = DataError
) -> DataError:
    return kind(problem, file=place.file, line=place.line, field=column, hint=hint)


def _empty_row(place: Place, column: str, problem: str) -> DataError:
    return _wrong(place, column, problem, "A sequence needs at least one token. Fill the cell or remove the row.")


def _text(record: Record, column: str) -> str:
    cell = cell_of(record, column)
    if isinstance(cell, str):
        return cell
    if cell is None:
        raise _empty_row(record.place, column, "the cell is empty")
    if isinstance(cell, (int, float)):
        return str(cell)
    raise _wrong(
        record.place,
        column,
        f"expected text, got {_kind_of(cell)}",
        "A list of tokens is read with --tokens instead of --text.",
    )


def _tokens(record: Record, column: str) -> list[str]:
    cell = cell_of(record, column)
    if cell is None or (isinstance(cell, list) and not cell):
        raise _empty_row(record.place, column, "the row has no tokens")
    if isinstance(cell, list):
        return [token if isinstance(token, str) else _token_text(token, record, column) for token in cell]
    raise _wrong(
        record.place,
        column,
        f"expected a list of tokens, got {_kind_of(cell)}",
        "Running text is read with --text instead of --tokens.",
    )


def _token_text(token: Any, record: Record, column: str) -> str:
    if isinstance(token, (int, float)):
        return str(token)
    raise _wrong(record.place, column, f"a token must be text, got {_kind_of(token)}")


def _series(record: Record, column: str) -> NDArray[np.float32]:
    cell = cell_of(record, column)
    series: NDArray[Any]
    if isinstance(cell, np.ndarray):
        series = cell
    elif isinstance(cell, list) and cell:
        series = _series_from_list(cell, record.place, column)
    else:
        raise _empty_row(record.place, column, "the series has no steps")
    if series.size == 0:
        raise _empty_row(record.place, column, "the series has no steps")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is named below
        single: NDArray[np.float32] = series.astype(np.float32)
    if not np.isfinite(single).all():
        step, channel = (int(index) for index in np.argwhere(~np.isfinite(single))[0])
        raise _wrong(
            record.place,
            column,
            f"step {step + 1} of channel {channel + 1} is {series[step, channel]}, not a finite float32 number",
            "Fill the gap (for instance with the value before it) or cut the series there.",
        )
    return single


def _series_from_list(cell: list[Any], place: Place, column: str) -> NDArray[np.float64]:
    """(time, channels) from a list of numbers (one channel) or a list of equally long lists (one per step)."""
    try:
        whole = np.asarray(cell)
    except ValueError:
        whole = np.zeros(0, dtype=object)  # ragged: what follows says where
    if whole.dtype.kind in "iuf" and whole.ndim in (1, 2):
        return whole.astype(np.float64).reshape(len(whole), -1)
    rows = [list(step) if isinstance(step, (list, np.ndarray)) else [step] for step in cell]
    width = len(rows[0])
    for step, row in enumerate(rows):
        if len(row) != width:
            raise _wrong(
                place,
                column,
                f"ragged series: step {step + 1} has {len(row)} values, step 1 has {width}",
                "Each step must hold one value per channel.",
            )
        for channel, value in enumerate(row):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise _wrong(place, column, f"step {step + 1} of channel {channel + 1} is {value!r}, not a number")
    return np.asarray(rows, dtype=np.float64)


def raw_labels(record: Record, spec: TargetSpec, steps: int) -> RawLabels | list[RawLabels] | None:
    """The labels of a record in the user's values.

    Args:
        record: the row.
        spec: where the labels stand.
        steps: the length of the row's sequence.

    Returns:
        `label`: one value. `tags`: one per step. `columns`: K values, or T x K step by step when the target is per
        step. `multilabel` from a list: the labels that hold (a list of lists when per step). None when the whole cell
        is missing. A missing label is None.

    Raises:
        LabelError: a cell of the wrong form, or not one label per step.
    """
    if spec.form == "columns":
        return _from_columns(record, spec, steps)
    column = spec.columns[0]
    cell = cell_of(record, column)
    if spec.form == "cell":
        return [_label(cell, record.place, column)]
    if cell is None or (isinstance(cell, str) and not cell):
        return None
    if spec.form == "steps":
        return _one_per_step(_spread(cell, record, steps), record.place, column, steps)
    if spec.form == "delimited":
        parts = [part.strip() for part in str(cell).split(spec.delimiter)]
        return list[Label | None](label_value(part) for part in parts if part)
    return _label_sets(cell, record.place, column, steps) if spec.per_step else _label_set(cell, record.place, column)


def _label(cell: Any, place: Place, column: str) -> Label | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, str):
        return label_value(cell)
    if isinstance(cell, float) and math.isnan(cell):
        return None
    if isinstance(cell, (bool, int, float)):
        return cell
    raise _wrong(
        place,
        column,
        f"expected one label, got {_kind_of(cell)}",
        "A list with one label per step is read with --tags, a list of any labels with --multilabel.",
        kind=LabelError,
    )


def _one_per_step(cell: Any, place: Place, column: str, steps: int) -> RawLabels:
    labels = _cut(cell) if isinstance(cell, str) else cell
    if not isinstance(labels, list):
        labels = [labels]
    if len(labels) != steps:
        raise _wrong(
            place,
            column,
            f"{len(labels)} labels for {steps} tokens",
            "Every token needs one label (null where it is not known).",
            kind=LabelError,
        )
    return [_label(label, place, column) for label in labels]


def _spread(cell: Any, record: Record, steps: int) -> Any:
    """A long-form column that never changes inside a series stands there once: one per step is meant."""
    long_form = isinstance(record.values.get("series"), np.ndarray)
    return [cell] * steps if long_form and not isinstance(cell, list) else cell


def _cut(cell: str) -> list[str]:
    """Labels in one string: what stands between blanks, or where there are none, one label per sign."""
    return cell.split() if " " in cell.strip() else list(cell.strip())


def _label_set(cell: Any, place: Place, column: str) -> RawLabels:
    if not isinstance(cell, list):
        cell = [cell]
    labels = [_label(label, place, column) for label in cell]
    if any(label is None for label in labels):
        raise _wrong(place, column, "an empty label in the list", kind=LabelError)
    return labels


def _label_sets(cell: Any, place: Place, column: str, steps: int) -> list[RawLabels]:
    if not isinstance(cell, list) or len(cell) != steps:
        found = f"{len(cell)} lists of labels" if isinstance(cell, list) else _kind_of(cell)
        raise _wrong(place, column, f"{found} for {steps} tokens", kind=LabelError)
    return [_label_set(labels, place, column) for labels in cell]


def _from_columns(record: Record, spec: TargetSpec, steps: int) -> RawLabels:
    columns: list[Sequence[Label | None]] = []
    for column in spec.columns:
        cell = cell_of(record, column)
        if not spec.per_step:
            columns.append([_label(cell, record.place, column)])
        elif cell is None:
            columns.append([None] * steps)
        else:
            columns.append(_one_per_step(_spread(cell, record, steps), record.place, column, steps))
    return [label for step in zip(*columns, strict=True) for label in step]


def _kind_of(cell: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(cell), type(cell).__name__)
