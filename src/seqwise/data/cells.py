"""Converts the cells of a record to a sequence and raw labels; errors give file and line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqwise.data.lists import BRACKETS, is_enclosed, label_set, quoted_labels, writes_objects, written_list
from seqwise.data.missing import Gaps
from seqwise.data.records import Place, Record
from seqwise.data.separators import cut
from seqwise.data.series import seen_channels
from seqwise.data.series_lists import series_from_list, with_nan
from seqwise.data.series_padding import padded_steps
from seqwise.data.spec import InputSpec, TargetSpec
from seqwise.data.tokens import TOKENIZERS
from seqwise.errors import DataError, EmptySequenceError, LabelError, counted
from seqwise.targets import Label, label_text, label_value

__all__ = [
    "RawLabels",
    "RawSequence",
    "cell_of",
    "raw_labels",
    "sequence_reader",
    "step_labels",
    "steps_of",
    "zero_or_one",
]

RawLabels = list[Label | None]
"""Labels in the user's values, flat: one; one per step; K outputs (step by step); None where missing."""

RawSequence = list[str] | NDArray[np.float32]

_AS_JSON = "In a table a list is written as in JSON:"
_ONE_LABEL = "A list with one label per step is read with --tags, a list of any labels with --multilabel."
_WRITE_JSON = f'{_AS_JSON} ["one label", "another"].'
_OBJECTS = f"Which of its values are the labels cannot be known. {_WRITE_JSON}"
_OPENINGS = frozenset("[{(sfa")
"""The opening of a list, a set or an array written as a string."""


def cell_of(record: Record, column: str) -> Any:
    """The cell of a column. A key that a JSON record leaves out reads as an empty cell."""
    return record.values.get(column)


def _as_list(cell: Any) -> list[Any] | None:
    """A list as it stands, or as a string writes it out; None for everything else."""
    return cell if isinstance(cell, list) else written_list(cell)


def sequence_reader(spec: InputSpec, targets: Sequence[TargetSpec] = ()) -> Callable[[Record], RawSequence]:
    """A function from a record to its sequence: a list of symbols, or (time, channels) float32.

    Raises (when called):
        EmptySequenceError: no cell, a text of blanks, a list without tokens, a series without steps.
        DataError: something that is not text, a list or numbers.
    """
    if spec.is_series:
        stepwise = [column for target in targets if target.per_step for column in target.columns]
        return lambda record: seen_channels(_series(record, spec.column, spec.gaps, stepwise), spec)
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
    hint = "A sequence needs at least one token. Fill the cell or remove the row."
    return _wrong(place, column, problem, hint, kind=EmptySequenceError)


def _text(record: Record, column: str) -> str:
    cell = cell_of(record, column)
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        raise _empty_row(record.place, column, "the cell is empty")
    if isinstance(cell, str):
        if not cell.strip():
            raise _empty_row(record.place, column, "the text has no tokens in it")
        return cell
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
    tokens = _as_list(cell)
    if cell is None or tokens == []:
        raise _empty_row(record.place, column, "the row has no tokens")
    if tokens is not None:
        return [token if isinstance(token, str) else _token_text(token, record, column) for token in tokens]
    raise _wrong(
        record.place,
        column,
        f"expected a list of tokens, got {_kind_of(cell)}",
        f'Running text is read with --text instead of --tokens. {_AS_JSON} ["two", "tokens"].',
    )


def _token_text(token: Any, record: Record, column: str) -> str:
    if isinstance(token, (int, float)):
        return str(token)
    raise _wrong(record.place, column, f"a token must be text, got {_kind_of(token)}")


def steps_of(record: Record, column: str) -> int:
    """The length of a series as it was read, padding included."""
    cell = cell_of(record, column)
    return len(cell if isinstance(cell, np.ndarray) else _as_list(cell) or [])


def _series(record: Record, column: str, gaps: bool, stepwise: Sequence[str]) -> NDArray[np.float32]:
    cell = cell_of(record, column)
    steps = _as_list(cell)
    series: NDArray[Any]
    given = cell if isinstance(cell, np.ndarray) else steps or []
    padded = padded_steps(given, map(record.values.get, stepwise))
    if padded and padded == len(given):
        raise _empty_row(record.place, column, "the series has no values")
    if isinstance(cell, np.ndarray):
        series = cell[: len(cell) - padded]
    elif steps:
        steps = steps[: len(steps) - padded]
        series = series_from_list(with_nan(steps) if gaps else steps, record.place, column)
    elif cell is None or steps == []:
        raise _empty_row(record.place, column, "the series has no steps")
    else:
        hint = f"{_AS_JSON} [0.5, 1.25]."
        raise _wrong(record.place, column, f"expected a list of numbers, got {_kind_of(cell)}", hint)
    if series.size == 0:
        raise _empty_row(record.place, column, "the series has no steps")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is named below
        single: NDArray[np.float32] = series.astype(np.float32)
    odd = np.isinf(single) if gaps else ~np.isfinite(single)
    if odd.any():
        step, channel = (int(index) for index in np.argwhere(odd)[0])
        raise _wrong(
            record.place,
            column,
            f"step {step + 1} of channel {channel + 1} is {series[step, channel]}, not a finite float32 number",
            "Fill the gap, cut the series there, or train with --set data.gaps=fill, which fills and flags gaps.",
        )
    return single


def raw_labels(
    record: Record, spec: TargetSpec, steps: int, gaps: Gaps | None = None
) -> RawLabels | list[RawLabels] | None:
    """The labels of a record in the user's values.

    Args:
        record: the row.
        spec: where the labels stand.
        steps: the length of the row's sequence.
        gaps: counts the words that are read as missing labels.

    Returns:
        `label`: one value. `tags`: one per step. `columns`: K values, or T x K step by step when the target is per
        step. `multilabel` from a list: the labels that hold (a list of lists when per step). None when the whole cell
        is missing. A missing label is None.

    Raises:
        LabelError: a cell of the wrong form, or not one label per step.
    """
    return _Cells(record, spec, Gaps() if gaps is None else gaps).labels(steps)


def step_labels(cell: Any, *, signs: bool) -> list[Any]:
    """The labels per step in a cell: the items of a list; the characters or whitespace-separated words of a string.

    Examples:
        >>> step_labels("B-PER O", signs=False), step_labels("HH C", signs=True), step_labels('["O"]', signs=True)
        (['B-PER', 'O'], ['H', 'H', ' ', 'C'], ['O'])
    """
    given = _as_list(cell)
    if given is None:
        given = _cut(cell, signs=signs) if isinstance(cell, str) else [cell]
    return given


def zero_or_one(label: Label) -> int | None:
    """The value of a label in a column of 0 and 1: also `1.0` (how pandas writes it beside gaps), `true`, `False`.

    Examples:
        >>> zero_or_one("1.0"), zero_or_one("False"), zero_or_one(True), zero_or_one("yes")
        (1, 0, 1, None)
    """
    return {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}.get(label_text(label).lower())


@dataclass(frozen=True, slots=True)
class _Cells:
    """The label cells of one record."""

    record: Record
    spec: TargetSpec
    gaps: Gaps

    def labels(self, steps: int) -> RawLabels | list[RawLabels] | None:
        """See `raw_labels`."""
        spec = self.spec
        if spec.form == "columns":
            return self._from_columns(steps)
        column = spec.columns[0]
        cell = cell_of(self.record, column)
        if spec.form == "cell":
            return [self._single(cell, column)]
        if self._is_gap(cell):
            return None
        if spec.form in ("steps", "signs"):
            return self._one_per_step(cell, column, steps)
        return self._sets(cell, steps) if spec.per_step else self._set(cell)

    def _is_gap(self, cell: Any) -> bool:
        """Whether a cell, or an item of one, says that there is no label."""
        if cell is None or cell == "":
            return True
        if isinstance(cell, str):
            word = cell if cell in self.spec.gaps else cell.strip()
        elif isinstance(cell, float) and math.isnan(cell):
            return True
        else:
            word = label_text(cell) if self.spec.missing and isinstance(cell, (bool, int, float)) else ""
        if word not in self.spec.gaps:
            return False
        self.gaps.add(word, self.record.place)
        return True

    def _label(self, cell: Any, column: str) -> Label | None:
        if self._is_gap(cell):
            return None
        if isinstance(cell, str):
            return label_value(cell)
        if isinstance(cell, (bool, int, float)):
            return cell
        if isinstance(cell, list) and _is_long_form(self.record):
            raise _changing(cell, self.record.place, column)
        raise self._wrong(f"expected one label, got {_kind_of(cell)}", column, _ONE_LABEL)

    def _single(self, cell: Any, column: str) -> Label | None:
        """The label of a cell that holds one; a string that writes out several, or an object, is none."""
        if isinstance(cell, str) and cell[:1] in _OPENINGS:
            found = label_set(cell)
            if found is not None:
                raise self._wrong(
                    f"expected one label, got a list of {counted(len(found), 'label')}: {cell}", column, _ONE_LABEL
                )
            if writes_objects(cell):
                raise self._wrong(f"expected one label, got an object: {cell}", column, _OBJECTS)
        return self._label(cell, column)

    def _one_per_step(self, cell: Any, column: str, steps: int) -> RawLabels:
        signs = self.spec.form == "signs"
        is_one = _is_long_form(self.record) and not isinstance(cell, list)
        labels = [cell] * steps if is_one else step_labels(cell, signs=signs)
        if len(labels) != steps:
            problem = f"{counted(len(labels), 'label')} for {counted(steps, 'token')}"
            raise self._wrong(problem, column, _length_hint(cell, signs=signs))
        return [self._label(label, column) for label in labels]

    def _set(self, cell: Any) -> RawLabels:
        column = self.spec.columns[0]
        given = label_set(cell)
        if given is None and isinstance(cell, str):
            given = self._written_set(cell)
        labels = [self._label(label, column) for label in ([cell] if given is None else given)]
        if any(label is None for label in labels):
            raise _wrong(self.record.place, column, "an empty label in the list", kind=LabelError)
        return labels

    def _written_set(self, cell: str) -> list[str]:
        """The labels of a string that is no list as programs write one."""
        spec, column = self.spec, self.spec.columns[0]
        if spec.form == "bracketed":
            if is_enclosed(cell, "".join(BRACKETS)):
                return cut(cell.strip()[1:-1], str(spec.delimiter))
            if (quoted := quoted_labels(cell)) is not None:
                return quoted
        if writes_objects(cell):
            raise self._wrong(f"expected labels, got an object: {cell}", column, _OBJECTS)
        if is_enclosed(cell):
            cause = "NumPy left labels out where '...' stands" if "..." in cell else "this is no list that can be read"
            raise self._wrong(f"{cause}: {cell}", column, _WRITE_JSON)
        return cut(cell, str(spec.delimiter)) if spec.form == "delimited" else [cell]

    def _sets(self, cell: Any, steps: int) -> list[RawLabels]:
        given = _as_list(cell)
        if given is None or len(given) != steps:
            found = _kind_of(cell) if given is None else counted(len(given), "list") + " of labels"
            raise self._wrong(f"{found} for {counted(steps, 'token')}", self.spec.columns[0])
        return [self._set(labels) for labels in given]

    def _from_columns(self, steps: int) -> RawLabels:
        columns: list[Sequence[Label | None]] = []
        for column in self.spec.columns:
            cell = cell_of(self.record, column)
            if not self.spec.per_step:
                columns.append([self._single(cell, column)])
            elif self._is_gap(cell):
                columns.append([None] * steps)
            else:
                columns.append(self._one_per_step(cell, column, steps))
        return [label for step in zip(*columns, strict=True) for label in step]

    def _wrong(self, problem: str, column: str, hint: str | None = None) -> DataError:
        return _wrong(self.record.place, column, problem, hint, kind=LabelError)


def _changing(cell: list[Any], place: Place, column: str) -> DataError:
    """The error for a long-form column that was asked for one label per series and has several."""
    step, other = next((step, value) for step, value in enumerate(cell, 1) if value != cell[0])
    return _wrong(
        place,
        column,
        f"expected one label for the series, but step 1 has {_quoted(cell[0])} and step {step} has {_quoted(other)}",
        "If every step has its own label, say --tags instead of --label; if one label is meant for the whole series, "
        "write it at each of its steps; if these are several series, --series-id names the column that tells them "
        "apart.",
        kind=LabelError,
    )


def _quoted(cell: Any) -> str:
    return "no label" if cell is None else f"'{cell}'"


def _is_long_form(record: Record) -> bool:
    return any(isinstance(value, np.ndarray) for value in record.values.values())


def _cut(cell: str, *, signs: bool) -> list[str]:
    return list(cell) if signs else cell.split()


def _length_hint(cell: Any, *, signs: bool) -> str:
    """A hint for when labels and tokens differ in number; for a string, the result of the other way to split it."""
    if not isinstance(cell, str) or written_list(cell) is not None:
        return "Every token needs one label (null where it is not known)."
    other = counted(len(_cut(cell, signs=not signs)), "label")
    rule = (
        f"each character is a label; split at whitespace there would be {other}"
        if signs
        else f"labels are separated by whitespace; one per character there would be {other}"
    )
    return (
        f"In this column {rule}. Every token needs one label; where one holds a blank or is not known, write a "
        'list: ["New York", null].'
    )


def _kind_of(cell: Any) -> str:
    names = {
        type(None): "null",
        dict: "an object",
        list: "a list",
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(cell), type(cell).__name__)
